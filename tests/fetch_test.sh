#!/usr/bin/env bash
# fetch_test.sh -- datasets/fetch against a local folder, and a server on 127.0.0.1 that can resume.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit

fetch=$PWD/datasets/fetch
work=$(mktemp -d) || exit
server=''
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf -- "$work"' EXIT
passed=0 failed=0

# expect CODE SENTENCE ARGUMENT...: fetch ends with CODE and, where `text` is set, says it.
expect() {
    local code=$1 sentence=$2 got=0
    shift 2
    "$fetch" "$@" >"$work/said" 2>&1 || got=$?
    if [ $got -ne "$code" ]; then
        judge 1 "$sentence: ended with $got, expected $code: $(tail -1 "$work/said")"
    elif ! grep -q -e "${text:-}" "$work/said"; then
        judge 1 "$sentence: does not say \"$text\": $(tail -1 "$work/said")"
    else
        judge 0 "$sentence"
    fi
}

# judge STATUS SENTENCE
judge() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

same() { cmp -s "$1" "$2"; judge $? "$3"; }
absent() { [ ! -e "$1" ]; judge $? "$2"; }

# ------------------------------------------------------------------- a little set of our own ---
home=$work/home
mkdir -p "$home/mnist" "$home/inner/cifar-10-batches-bin"
seq 1 20000 >"$home/mnist/one.gz"
echo short >"$home/mnist/two.gz"
(cd "$home/mnist" && sha256sum one.gz && md5sum two.gz) >"$work/sums"
seq 1 300 >"$home/inner/cifar-10-batches-bin/data_batch_1.bin"

# archive NAME TAR-ARGUMENT...: makes home/NAME and its list of sums
archive() {
    local name=$1
    shift
    tar -C "$home/inner" -czPf "$home/$name" "$@"
    (cd "$home" && sha256sum "$name") >"$work/$name.sums"
}

# -------------------------------------------------------------------------------- usage ---
text='usage: fetch' expect 0 'help is printed' --help
text='which set' expect 2 'no set is a usage error'
text='no such set' expect 2 'an unknown set is a usage error' imagenet
text='no such option' expect 2 'an unknown option is a usage error' mnist --fast
text='a value is missing' expect 2 'an option without its value is a usage error' mnist -o
text='one word too many' expect 2 'two sets are a usage error' mnist cifar-10
echo 'not a digest' >"$work/nonsense"
text='expected lines' expect 2 'a list that is none is a usage error' \
    mnist --sums "$work/nonsense" -o "$work/no"
echo "$(printf '%064d' 0)  ../escape" >"$work/nonsense"
text='expected lines' expect 2 'a name with a slash is refused' \
    mnist --sums "$work/nonsense" -o "$work/no"

# ------------------------------------------------------------------------ from a folder ---
out=$work/out
expect 0 'a folder serves as a mirror' mnist --mirror "$home/mnist" --sums "$work/sums" -o "$out"
same "$home/mnist/one.gz" "$out/one.gz" 'the file is whole'
same "$home/mnist/two.gz" "$out/two.gz" 'the file listed by MD5 is whole'
absent "$out/one.gz.part" 'nothing half-done is left'
text='one.gz: is there' expect 0 'what is there and right is left alone' \
    mnist --mirror "$work/nowhere" --sums "$work/sums" -o "$out"
expect 0 'a folder of sets serves as a mirror' \
    mnist --mirror "$home/" --sums "$work/sums" -o "$work/out2"
echo junk >>"$out/one.gz"
text='one.gz.bad' expect 0 'a damaged file is kept aside and fetched anew' \
    mnist --mirror "$home/mnist" --sums "$work/sums" -o "$out"
same "$home/mnist/one.gz" "$out/one.gz" 'the new one is whole'
rm "$out/one.gz" && cp "$home/mnist/one.gz" "$out/one.gz.part"
expect 0 'a part that is whole needs no mirror' \
    mnist --mirror "$work/nowhere" --sums "$work/sums" -o "$out"

sed 's/^....../000000/' "$work/sums" >"$work/wrong"
text='wrong checksum' expect 4 'a wrong checksum is bad data' \
    mnist --mirror "$home/mnist" --sums "$work/wrong" -o "$work/out3"
same "$home/mnist/one.gz" "$work/out3/one.gz.bad" 'the wrong file is kept as .bad'
absent "$work/out3/one.gz" 'the wrong file does not get the name'
expect 0 'a second mirror makes up for a wrong first' mnist --mirror "$home/inner" \
    --mirror "$home/mnist" --sums "$work/sums" -o "$work/out4"
text='cannot be had' expect 5 'a missing file is an input error' \
    mnist --mirror "$work/nowhere" --sums "$work/sums" -o "$work/out5"
text='cannot be made' expect 5 'a file in the way of the folder is an output error' \
    mnist --mirror "$home/mnist" --sums "$work/sums" -o "$work/sums/deep"
expect 5 'a list that is not there is an input error' mnist --sums "$work/nolist" -o "$out"

# ----------------------------------------------------------------------------- archives ---
archive good.tar.gz cifar-10-batches-bin
expect 0 'an archive is unpacked' \
    cifar-10 --mirror "$home" --sums "$work/good.tar.gz.sums" -o "$work/cifar"
same "$home/inner/cifar-10-batches-bin/data_batch_1.bin" \
    "$work/cifar/cifar-10-batches-bin/data_batch_1.bin" 'its file is whole'
text='cifar-10-batches-bin: is there' expect 0 'an unpacked archive is left alone' \
    cifar-10 --mirror "$home" --sums "$work/good.tar.gz.sums" -o "$work/cifar"
echo x >"$home/inner/stray"
archive out.tar.gz cifar-10-batches-bin ../inner/stray
text='outside' expect 4 'a path that climbs out is refused' \
    cifar-10 --mirror "$home" --sums "$work/out.tar.gz.sums" -o "$work/climb"
ln -s /etc "$home/inner/cifar-10-batches-bin/link"
archive link.tar.gz cifar-10-batches-bin
text='link' expect 4 'a link in an archive is refused' \
    cifar-10 --mirror "$home" --sums "$work/link.tar.gz.sums" -o "$work/link"
absent "$work/link/cifar-10-batches-bin" 'and nothing was unpacked'
head -c 100 "$home/good.tar.gz" >"$home/cut.tar.gz"
(cd "$home" && sha256sum cut.tar.gz) >"$work/cut.sums"
text='cannot be read as an archive' expect 4 'a broken archive is bad data' \
    cifar-10 --mirror "$home" --sums "$work/cut.sums" -o "$work/cut"

# ------------------------------------------------------------------------------ by HTTP ---
# A server of one folder: ranges unless the path begins with /plain; says its port, logs requests.
cat >"$work/server.pl" <<'END'
use strict; use warnings; use IO::Socket::INET;
my ($root, $log) = @ARGV;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "no socket: $!";
$| = 1;
$SIG{PIPE} = 'IGNORE'; # a client may hang up in the middle
print $listen->sockport, "\n";
while (my $peer = $listen->accept) {
    my ($path, $from) = ('', 0);
    while (defined(my $line = <$peer>)) {
        $path = $1 if $line =~ m{^GET (\S+)};
        $from = $1 if $line =~ m{^Range: bytes=(\d+)-}i;
        last if $line =~ /^\r?\n$/;
    }
    my $plain = $path =~ s{^/plain}{};
    $from = 0 if $plain;
    open my $note, '>>', $log or die; print $note "$path $from\n"; close $note;
    my $body;
    if ($path !~ /\.\./ && open my $file, '<:raw', "$root$path") { local $/; $body = <$file>; }
    my $size = defined $body ? length $body : 0;
    if (!defined $body) { print $peer "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n"; }
    elsif ($from && $from >= $size) {
        print $peer "HTTP/1.0 416 Range Not Satisfiable\r\nContent-Range: bytes */$size\r\n\r\n"; }
    else {
        my $last = $size - 1; my $left = $size - $from;
        print $peer $from ? "HTTP/1.0 206 Partial Content\r\nContent-Range: bytes $from-$last/$size\r\n"
                          : "HTTP/1.0 200 OK\r\n";
        print $peer "Content-Length: $left\r\n\r\n", substr $body, $from;
    }
    close $peer;
}
END

# Says on standard output where the server listens, once it does.
start_server() {
    perl "$work/server.pl" "$home" "$work/requests" >"$work/port" 2>/dev/null &
    server=$!
    for _ in $(seq 100); do
        [ -s "$work/port" ] && break
        sleep 0.05
    done
    [ -s "$work/port" ]
}

# cut_short FOLDER: leaves 5000 bytes of one.gz there, as an interrupted run does
cut_short() {
    mkdir -p "$1"
    head -c 5000 "$home/mnist/one.gz" >"$1/one.gz.part"
}

if ! command -v curl >/dev/null || ! command -v perl >/dev/null || ! start_server; then
    echo 'fetch: the HTTP part is skipped (it needs curl, perl and a socket on 127.0.0.1)'
else
    url=http://127.0.0.1:$(cat "$work/port")
    expect 0 'a server serves as a mirror' mnist --mirror "$url" --sums "$work/sums" -o "$work/web"
    same "$home/mnist/one.gz" "$work/web/one.gz" 'the file from the server is whole'

    cut_short "$work/web2"
    expect 0 'a file cut short is completed' \
        mnist --mirror "$url/mnist" --sums "$work/sums" -o "$work/web2"
    same "$home/mnist/one.gz" "$work/web2/one.gz" 'the completed file is whole'
    grep -q '^/mnist/one.gz 5000$' "$work/requests"
    judge $? 'only the rest was asked for'

    cut_short "$work/web3"
    expect 0 'a server that cannot resume is asked for all of it' \
        mnist --mirror "$url/plain/mnist" --sums "$work/sums" -o "$work/web3"
    same "$home/mnist/one.gz" "$work/web3/one.gz" 'and the file is whole'

    cut_short "$work/web4"
    printf 'XXXX' | dd of="$work/web4/one.gz.part" conv=notrunc status=none
    expect 0 'a damaged part is thrown away' \
        mnist --mirror "$url/mnist" --sums "$work/sums" -o "$work/web4"
    same "$home/mnist/one.gz" "$work/web4/one.gz" 'and the file is whole after all'

    mkdir -p "$work/web5" && seq 1 30000 >"$work/web5/one.gz.part"
    expect 0 'a part longer than the file is thrown away' \
        mnist --mirror "$url/mnist" --sums "$work/sums" -o "$work/web5"
    same "$home/mnist/one.gz" "$work/web5/one.gz" 'and the file is whole as well'

    text='wrong checksum' expect 4 'a wrong checksum from a server is bad data' \
        mnist --mirror "$url/mnist" --sums "$work/wrong" -o "$work/web6"
    text='cannot be had' expect 5 'a file the server lacks is an input error' \
        mnist --mirror "$url/nowhere" --sums "$work/sums" -o "$work/web7"
    expect 0 'a file URL serves as a mirror' \
        mnist --mirror "file://$home/mnist" --sums "$work/sums" -o "$work/web8"
    kill "$server" && wait "$server" 2>/dev/null
    server='' # its port is closed now
    text='cannot be had' expect 5 'a server that is down is an input error' \
        mnist --mirror "$url" --sums "$work/sums" -o "$work/web9"
    expect 0 'a second mirror makes up for a server that is down' \
        mnist --mirror "$url" --mirror "$home" --sums "$work/sums" -o "$work/web9"
fi

# ----------------------------------------------------------------------------- real sets ---
data=${LOGIT_TEST_DATA:-}
if [ -z "$data" ]; then
    echo 'fetch: the built-in checksums are not tried, LOGIT_TEST_DATA is not set'
else
    for set in mnist fashion-mnist; do
        text=': complete' expect 0 "the built-in checksums of $set fit" \
            "$set" --mirror "$data" -o "$work/real-$set"
    done
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
