-- /slow/MS answers after so many milliseconds.
function handle(r)
    local ms = r.uri:match("^/slow/(%d+)$")
    if ms then
        r:err("slow : begun")
        r.usleep(ms * 1000)
    end
    r:puts("done")
    return apache2.OK
end
