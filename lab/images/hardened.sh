#!/bin/sh
# Makes the plain image the hardened one; runs inside its root. The files it relies on stand in `hardened/`.
set -eu

chmod 0440 /etc/sudoers.d/50-hardened
sed -i -E \
    -e 's/^(PASS_MAX_DAYS).*/\1 90/' -e 's/^(PASS_MIN_DAYS).*/\1 1/' -e 's/^(PASS_WARN_AGE).*/\1 7/' \
    -e 's/^(UMASK).*/\1 027/' -e 's/^#? ?(ENCRYPT_METHOD).*/\1 YESCRYPT/' /etc/login.defs
sed -i -E 's/^#\s*(auth\s+required\s+pam_wheel.so)$/\1 group=sudo/' /etc/pam.d/su
pam-auth-update --enable govcloud-faillock-before govcloud-faillock-after govcloud-umask

# Nobody of the city needs these as another user; dpkg remembers it over upgrades.
for program in /usr/bin/chfn /usr/bin/chsh /usr/bin/gpasswd /usr/bin/newgrp /usr/bin/mount /usr/bin/umount; do
    dpkg-statoverride --force-all --update --add root root 0755 "$program"
done
dpkg-statoverride --force-all --update --add root root 0755 /usr/lib/openssh/ssh-keysign

mkdir -p /var/log/journal
chmod 0700 /home/debian /etc/cron.d /etc/cron.daily /etc/cron.hourly /etc/cron.monthly /etc/cron.weekly
chmod 0600 /etc/crontab
echo root > /etc/cron.allow
usermod --lock root
