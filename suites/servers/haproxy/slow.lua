-- /slow/MS answers after so many milliseconds.
core.register_service("slow", "http", function(applet)
    local ms = applet.path:match("^/slow/(%d+)$")
    if ms then
        io.stdout:write("slow : begun\n")
        io.stdout:flush()
        core.msleep(tonumber(ms))
    end
    applet:set_status(200)
    applet:add_header("content-length", "4")
    applet:start_response()
    applet:send("done")
end)
