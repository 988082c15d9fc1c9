# The job of every client library (see test_libraries.py), with Perl's RPC::XML. Arguments: port.
use strict;
use warnings;
use RPC::XML;
use RPC::XML::Client;

binmode STDOUT, ':encoding(UTF-8)';

$RPC::XML::ENCODING = 'utf-8';
my $server = RPC::XML::Client->new("http://operator:s3cret\@127.0.0.1:$ARGV[0]/RPC2");

sub call {
    my $answer = $server->send_request(@_);
    die $answer unless ref $answer;
    return $answer->value;
}

sub word { $_[0] ? 'true' : 'false' }

my $true = RPC::XML::boolean->new(1);
print 'list: ', join(' ', map { "$_->{group}:$_->{name}=$_->{statename}" } @{ call('supervisor.getAllProcessInfo') }), "\n";
print 'stop: ', word(call('supervisor.stopProcess', 'alpha', $true)), "\n";
print 'state: ', call('supervisor.getProcessInfo', 'alpha')->{statename}, "\n";
print 'start: ', word(call('supervisor.startProcess', 'alpha', $true)), "\n";
my $fault = call('supervisor.startProcess', 'alpha');
print "fault: $fault->{faultCode} $fault->{faultString}\n";
my ($text, undef, $overflow) = @{ call('supervisor.tailProcessStdoutLog', 'talk', 0, 100) };
print 'tail: ', join('|', split /\n/, $text), ' ', word($overflow), "\n";
my ($state, $wrong) = @{ call('system.multicall', [
    { methodName => 'supervisor.getState', params => [] },
    { methodName => 'supervisor.getProcessInfo', params => ['nobody'] },
]) };
print "multicall: $state->{statename} $wrong->{faultCode} $wrong->{faultString}\n";
