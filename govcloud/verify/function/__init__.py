"""功能测试: whether a cloud's services do what they are for, tried in a department's own, unprivileged access."""
