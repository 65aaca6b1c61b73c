"""What the report calls things: verdicts, scenarios and steps in Chinese, as acceptance forms have them."""

from __future__ import annotations

from dataclasses import dataclass

from govcloud.core.model.results import Verdict

VERDICTS = {
    Verdict.CONFORM: "通过",
    Verdict.PARTIAL: "部分通过",
    Verdict.NONCONFORM: "未通过",
    Verdict.NOT_TESTED: "未测",
    Verdict.NOT_APPLICABLE: "不适用",
}
SCENARIOS = {
    "server": "云服务器",
    "volume": "云硬盘",
    "balancer": "负载均衡",
    "object": "对象存储",
    "secret": "密钥管理",
    "quota": "配额",
    "isolation": "租户隔离",
}
STEPS = {
    ("server", "create"): "创建",
    ("server", "first boot"): "首次启动",
    ("server", "resize"): "调整规格",
    ("server", "live-migrate"): "热迁移",
    ("server", "snapshot"): "制作快照",
    ("server", "restore"): "删除后由快照恢复",
    ("server", "delete"): "删除",
    ("volume", "create"): "创建",
    ("volume", "server"): "创建挂载用的服务器",
    ("volume", "attach"): "挂载",
    ("volume", "write and read"): "在服务器内写入并读回",
    ("volume", "extend"): "扩容并在服务器内读写",
    ("volume", "detach"): "卸载",
    ("volume", "delete"): "删除",
    ("balancer", "create"): "创建",
    ("balancer", "servers"): "创建两台后端和一台客户端",
    ("balancer", "members"): "配置监听、成员和健康检查",
    ("balancer", "answers"): "两台后端都有应答",
    ("balancer", "back end killed"): "失去一台后端仍有应答",
    ("balancer", "delete"): "删除",
    ("object", "create container"): "创建容器",
    ("object", "upload"): "上传",
    ("object", "read back"): "取回并核对校验值",
    ("object", "delete"): "删除",
    ("secret", "store"): "存入",
    ("secret", "read back"): "取回并核对",
    ("secret", "delete"): "删除",
    ("quota", "servers"): "超出配额的服务器被拒绝",
    ("quota", "volume"): "超出配额的云硬盘被拒绝",
    ("isolation", "server"): "看不到其他部门的服务器",
    ("isolation", "volume"): "看不到其他部门的云硬盘",
    ("isolation", "network"): "看不到其他部门的网络",
    ("isolation", "security group"): "看不到其他部门的安全组",
    ("isolation", "load balancer"): "看不到其他部门的负载均衡",
    ("isolation", "secret"): "看不到其他部门的密钥",
    ("isolation", "container"): "看不到其他部门的容器",
}
CLEAN_UP = "清理"


@dataclass(frozen=True)
class StepName:
    """A step that is named in a message: its token for operators, its words in the report."""

    scenario: str
    name: str

    def __str__(self) -> str:
        return self.name

    def in_chinese(self) -> str:
        """Return what the report calls it."""
        return step(self.scenario, self.name)


def step(scenario: str, name: str) -> str:
    """Return what the report calls a step."""
    return STEPS.get((scenario, name), CLEAN_UP)
