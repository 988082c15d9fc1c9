# The job of every client library (see test_libraries.py), with Ruby's xmlrpc. Arguments: port.
require 'xmlrpc/client'

server = XMLRPC::Client.new3(host: '127.0.0.1', port: ARGV[0].to_i, path: '/RPC2', user: 'operator', password: 's3cret')

list = server.call('supervisor.getAllProcessInfo').map { |p| "#{p['group']}:#{p['name']}=#{p['statename']}" }
puts "list: #{list.join(' ')}"
puts "stop: #{server.call('supervisor.stopProcess', 'alpha', true)}"
puts "state: #{server.call('supervisor.getProcessInfo', 'alpha')['statename']}"
puts "start: #{server.call('supervisor.startProcess', 'alpha', true)}"
begin
  server.call('supervisor.startProcess', 'alpha')
rescue XMLRPC::FaultException => e
  puts "fault: #{e.faultCode} #{e.faultString}"
end
text, _, overflow = server.call('supervisor.tailProcessStdoutLog', 'talk', 0, 100)
puts "tail: #{text.strip.split("\n").join('|')} #{overflow}"
state, wrong = server.call('system.multicall', [
  { 'methodName' => 'supervisor.getState', 'params' => [] },
  { 'methodName' => 'supervisor.getProcessInfo', 'params' => ['nobody'] }
])
puts "multicall: #{state['statename']} #{wrong['faultCode']} #{wrong['faultString']}"
