# Files are private by default, and an idle shell ends after fifteen minutes.
umask 027
case $- in
    *i*) TMOUT=900; readonly TMOUT; export TMOUT ;;
esac
