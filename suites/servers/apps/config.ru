# A Rack application: /slow/MS answers after so many milliseconds.
if (loads = ENV["LOADS"])
  $stdout.puts "app : loads"
  $stdout.flush
  sleep loads.to_f
end
run(lambda do |env|
  if (ms = env["PATH_INFO"][%r{\A/slow/(\d+)\z}, 1])
    $stdout.puts "slow : begun"
    $stdout.flush
    sleep ms.to_i / 1000.0
  end
  [200, { "Content-Length" => "4" }, ["done"]]
end)
