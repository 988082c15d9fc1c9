<?php
// The job of every client library (see test_libraries.py), with PHP's extension xmlrpc. Arguments: port.
function call($method, ...$params) {
    global $argv;
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => ['Content-Type: text/xml', 'Authorization: Basic ' . base64_encode('operator:s3cret')],
        'content' => xmlrpc_encode_request($method, $params, ['encoding' => 'utf-8', 'escaping' => 'markup']),
    ]]);
    return xmlrpc_decode(file_get_contents("http://127.0.0.1:$argv[1]/RPC2", false, $context), 'utf-8');
}

function fault($value) {
    return "$value[faultCode] $value[faultString]";
}

function word($value) {
    return var_export($value, true);
}

$list = array_map(fn($p) => "$p[group]:$p[name]=$p[statename]", call('supervisor.getAllProcessInfo'));
echo 'list: ' . implode(' ', $list) . "\n";
echo 'stop: ' . word(call('supervisor.stopProcess', 'alpha', true)) . "\n";
echo 'state: ' . call('supervisor.getProcessInfo', 'alpha')['statename'] . "\n";
echo 'start: ' . word(call('supervisor.startProcess', 'alpha', true)) . "\n";
echo 'fault: ' . fault(call('supervisor.startProcess', 'alpha')) . "\n";
[$text, , $overflow] = call('supervisor.tailProcessStdoutLog', 'talk', 0, 100);
echo 'tail: ' . implode('|', explode("\n", trim($text))) . ' ' . word($overflow) . "\n";
[$state, $wrong] = call('system.multicall', [
    ['methodName' => 'supervisor.getState', 'params' => []],
    ['methodName' => 'supervisor.getProcessInfo', 'params' => ['nobody']],
]);
echo "multicall: $state[statename] " . fault($wrong) . "\n";
