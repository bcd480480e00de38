# Imitates the seed's program: program.sh SCENARIO HOW
# HOW is `correct`, or the name of what is wrong with it.
scenario=$1 how=$2

main() { printf '%s: Main\t\t:\t%s\n' "$(date +%T)" "$1"; }
thread() { printf '%s: Thread 1\t:\t%s\n' "$(date +%T)" "$1"; }

main 'Before creating thread'
[ "$how" = swaps-lines ] && thread starting
main 'Before running thread'
[ "$how" = swaps-lines ] || thread starting
if [ "$scenario" = daemon ] && [ "$how" != ignores-daemon ]; then
    sleep 5 &
else
    { sleep 1; thread finishing; } &
fi
thread=$!
[ "$how" = prints-twice ] && main 'wait for the thread to finish'
main 'wait for the thread to finish'
[ "$scenario" = join ] && [ "$how" != skips-join ] && wait
main 'all done'

case $how in
    skips-wait) kill $thread; exit 0 ;;
    leaves-a-grandchild) sleep 50 & wait $thread; exit 0 ;;
    never-ends) sleep 50 ;;
    ends-late) wait; sleep 3 ;;
    kills-itself) wait; kill -KILL $$ ;;
esac
[ "$scenario" = daemon ] && [ "$how" != ignores-daemon ] && kill $thread
wait
[ "$how" != exits-1 ]
