# Stands for an agent: speaks the frames of agent/README.md, with no runtime behind them. It answers
# each call, each fetch and each ping with what its arguments say, in hexadecimal: the payload of
# its HELLO, that of each call's answer, and the three messages of each file.
use strict;
use warnings;

my ($hello, $answer, @file) = map { pack 'H*', $_ } @ARGV;
my ($OPEN, $DATA, $PING, $PONG, $HELLO, $BYE, $EXIT) = (1, 2, 5, 6, 7, 8, 9);
my ($MESSAGE, $RAW, $END) = (1, 2, 4);
my ($CALL, $SERVICE) = (1, 8);

binmode STDIN;
binmode STDOUT;
$| = 1;

sub frame {
  my ($type, $flags, $channel, $payload) = @_;
  return pack('nCCNN', 0xf5c5, $type, $flags, $channel, length $payload) . $payload;
}

my $buffer = '';
# Has `$size` bytes in the buffer, and takes them.
sub take {
  my ($size) = @_;
  while (length $buffer < $size) {
    sysread(STDIN, $buffer, 65536, length $buffer) or exit;
  }
  return substr $buffer, 0, $size, '';
}

my $line = '';
$line .= take(1) while $line !~ /\n$/;
my ($start, $rest) = $line =~ /_csN=(\w+)""(\w+)/;
my $marker = $start . $rest;
take(unpack('N', take(4)) & 0xffffff); # the agent's code
print "$marker run deno /stub\n$marker agent\n" . frame($HELLO, 0, 0, $hello);

while (1) {
  my (undef, $type, undef, $channel, $size) = unpack 'nCCNN', take(12);
  my $payload = take($size);
  if ($type == $OPEN) {
    # An array of fewer than 16 elements, the first of which is the kind.
    my $kind = unpack 'xC', $payload;
    if ($kind == $CALL) {
      print frame($DATA, $MESSAGE | $END, $channel, $answer);
    } elsif ($kind == $SERVICE) {
      my ($head, $bytes, $end) = @file;
      print frame($DATA, $MESSAGE, $channel, $head) .
        frame($DATA, $MESSAGE | $RAW, $channel, $bytes) .
        frame($DATA, $MESSAGE | $END, $channel, $end);
    }
  } elsif ($type == $PING) {
    print frame($PONG, 0, $channel, $payload);
  } elsif ($type == $BYE) {
    print frame($EXIT, 0, 0, "000$marker");
    exit;
  }
}
