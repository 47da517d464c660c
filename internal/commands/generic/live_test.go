package generic

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// pair is a session and a redis-server that are given the same commands.
type pair struct {
	p *commandtest.Peer
	s *commandtest.Session
}

func newPair(t *testing.T) pair {
	p := commandtest.NewPeer(t)
	s := session(t)
	s.Feed()
	return pair{p, s}
}

func (x pair) same(args ...string) { x.p.Same(x.s, args...) }

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes.
func TestSameAsRedis(t *testing.T) {
	x := newPair(t)
	for _, line := range strings.Split(strings.TrimSpace(fixed), "\n") {
		switch {
		case line == "wait":
			time.Sleep(60 * time.Millisecond)
			x.s.Env.BeginTurn()
		default:
			x.same(strings.Split(line, " ")...)
		}
	}
	if t.Failed() {
		return
	}
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 12000
	if testing.Short() {
		n = 1500
	}
	for range n {
		if x.same(strings.Split(g.command(), " ")...); t.Failed() {
			break
		}
	}
}

// fixed are commands that chance would rarely make, one a line, words separated by single blanks. At "wait", the
// time comes of keys with 50 ms left: with one or two, redis-server may find that it has come before PEXPIRE ends.
const fixed = `
DEL
DEL a
UNLINK
EXISTS
TYPE
TYPE a
TYPE a b
TOUCH
KEYS
KEYS *
KEYS * *
RANDOMKEY
RANDOMKEY x
DBSIZE
DBSIZE x
SCAN
SCAN 0
SCAN  
SCAN x
SCAN 0x
SCAN 1-
SCAN - 
SCAN 18446744073709551616
SCAN 0 COUNT
SCAN 0 COUNT x
SCAN 0 COUNT 0
SCAN 0 COUNT -1
SCAN 0 COUNT 1.5
SCAN 0 MATCH
SCAN 0 TYPE
SCAN 0 TYPE nonsense
SCAN 0 MATCH * COUNT 5 TYPE string COUNT 7
SCAN 0 MATCH * MATCH
SCAN 0 FOO bar
SET a 1
SCAN 0
SCAN 0 MATCH a
SCAN 0 MATCH b
SCAN 0 TYPE StRiNg
SCAN 0 TYPE hash
SCAN 0 COUNT 9223372036854775807
RANDOMKEY
EXPIRE a
EXPIRE a 1000 FOO
EXPIRE a x FOO
EXPIRE a x
EXPIRE a 1000 NX XX
EXPIRE a 1000 NX GT
EXPIRE a 1000 LT NX
EXPIRE a 1000 GT LT
EXPIRE a 1000 XX GT LT
EXPIRE a x NX XX
EXPIRE a 9223372036854775807
EXPIRE a 9223372036854775
EXPIRE a 90000000000
EXPIRE a -9223372036854775808
EXPIRE a -9223372036854775
TYPE a
SET a 1
PEXPIRE a 9223372036854775807
PEXPIRE a 90000000000000
PEXPIRE a -9223372036854775808
SET a 1
EXPIREAT a 9223372036854775
EXPIREAT a 9223372036854776
PEXPIREAT a 9223372036854775807
PEXPIRETIME a
EXPIRETIME a
PEXPIREAT a 9223372036854775807 GT
PEXPIREAT a 9223372036854775806 GT
PEXPIREAT a 9223372036854775806 LT
EXPIRE nothing 9223372036854775807
EXPIRE nothing 10 NX
EXPIRE nothing 10 FOO
PEXPIREAT a 33177117420500
EXPIRETIME a
PEXPIREAT a 33177117420499 lt xx
EXPIRETIME a
EXPIREAT a 33177117421 gt
PEXPIRETIME a
PERSIST a
PERSIST a
PERSIST nothing
TTL a
PTTL a
TTL nothing
PTTL nothing
EXPIRETIME nothing
PEXPIRETIME nothing
TTL
EXPIREAT a 1
EXPIREAT a 1
SET a 1
PEXPIREAT a 0
SET a 1
PEXPIREAT a -5 LT
SET a 1
PEXPIREAT a 1 GT
PEXPIREAT a 1 XX
PEXPIREAT a 1 NX
RENAME a
RENAME nothing nothing
RENAME nothing b
RENAMENX nothing nothing
SET a 1
RENAME a a
RENAMENX a a
RENAME a b
RENAMENX b a
SET b 2
RENAMENX a b
PEXPIREAT a 33177117420500
RENAME a b
PEXPIRETIME b
SET a 1
RENAME a b
PEXPIRETIME b
MOVE
MOVE b 0
MOVE b x
MOVE b 16
MOVE b -1
MOVE b 2147483648
MOVE b 9223372036854775808
MOVE nothing 1
PEXPIREAT b 33177117420500
MOVE b 1
SET b 3
MOVE b 1
SELECT 1
PEXPIRETIME b
GET b
SELECT x
SELECT 16
SELECT -1
SELECT 2147483648
SELECT
SWAPDB
SWAPDB x y
SWAPDB 0 y
SWAPDB 0 16
SWAPDB -1 0
SWAPDB 2147483648 0
SWAPDB 0 2147483648
SWAPDB 0 1
GET b
SWAPDB 1 1
SELECT 0
COPY b
COPY b c FOO
COPY b c DB
COPY b c DB x
COPY b c DB 16
COPY b c DB 2147483648
COPY b b
COPY b b DB 0
COPY b b REPLACE
COPY nothing nothing
COPY nothing c DB 1
COPY b c
COPY b c
COPY b c REPLACE
PEXPIRETIME c
COPY b c DB 1 REPLACE
COPY b c REPLACE DB 1 REPLACE
COPY b b DB 1
COPY b b DB 1 REPLACE
OBJECT
OBJECT FOO
OBJECT ENCODING
OBJECT ENCODING b
OBJECT ENCODING nothing
OBJECT ENCODING b c
OBJECT REFCOUNT nothing
OBJECT FREQ b
OBJECT FREQ nothing
OBJECT IDLETIME b
OBJECT IDLETIME nothing
SORT
SORT nothing
SORT b
SORT b FOO
SORT nothing FOO
SORT nothing LIMIT
SORT nothing LIMIT 0
SORT nothing LIMIT x 0
SORT nothing LIMIT 0 x
SORT nothing LIMIT 0 9223372036854775808
SORT nothing BY
SORT nothing GET
SORT nothing STORE
SORT nothing BY w* GET # GET o* LIMIT 0 -1 ALPHA DESC ASC
SORT b STORE c
SORT nothing STORE nothing
SORT nothing STORE c
SORT nothing STORE b STORE nothing
SORT_RO nothing STORE c
SORT_RO nothing BY x
SORT_RO b
FLUSHDB FOO
FLUSHDB ASYNC FOO
FLUSHALL ASYNC SYNC
FLUSHDB
FLUSHDB
FLUSHALL async
FLUSHALL SYNC
SET a 1
SET b 1
SELECT 1
SET b 1
FLUSHDB ASYNC
SELECT 0
DBSIZE
FLUSHALL
DBSIZE
SET a 1
PEXPIRE a 50
wait
DBSIZE
KEYS *
EXISTS a
DBSIZE
SET a 1
PEXPIRE a 50
wait
DEL a
SET a 1
PEXPIRE a 50
wait
TOUCH a a
SET a 1
PEXPIRE a 50
wait
EXPIRE a 100
SET a 1
PEXPIRE a 50
wait
SCAN 0 MATCH b
SCAN 0 MATCH a
SET a 1
PEXPIRE a 50
wait
RANDOMKEY
SET a 1
SET b 1
PEXPIRE a 50
wait
RENAME b a
SET b 1
PEXPIRE a 50
wait
RENAME a b
PEXPIRE b 50
wait
COPY b a
SET a 1
SET b 1
PEXPIRE b 50
wait
COPY a b
SET b 1
PEXPIRE b 50
wait
SORT nothing STORE a
TYPE b
SET b 1
PEXPIRE b 50
wait
OBJECT ENCODING b
SET b 1
PEXPIRE b 50
wait
MOVE b 1
SET b 1
PEXPIRE b 50
wait
PERSIST b
SET b 1
PEXPIRE b 50
wait
FLUSHDB
SET b 1
PEXPIRE b 50
wait
SORT b
`

// generator makes random commands on a few keys in three databases.
type generator struct{ *rand.Rand }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g generator) key() string { return "k" + strconv.Itoa(g.IntN(6)) }

func (g generator) seconds() string {
	return g.pick("100000", "200000", "33177117420", "0", "-1", "x", "9223372036854775807")
}

func (g generator) condition() string {
	return g.pick("", "", "", " NX", " XX", " GT", " LT", " xx gt", " LT XX", " NX GT")
}

func (g generator) command() string {
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4:
		return "SET " + g.key() + " " + g.pick("12", "-77777", "text", strings.Repeat("x", g.IntN(100)))
	case 5:
		return g.pick("DEL ", "UNLINK ") + g.key() + " " + g.key()
	case 6:
		return g.pick("EXISTS ", "TOUCH ") + g.key() + " " + g.key()
	case 7:
		return g.pick("TYPE ", "TTL ", "EXPIRETIME ", "OBJECT ENCODING ") + g.key()
	case 8:
		// Times from now differ between two servers by what lies between the calls, so none that a later command could
		// compare or show.
		return g.pick("EXPIRE ", "PEXPIRE ") + g.key() + " " + g.pick("0", "-1", "x", "9223372036854775807") + g.condition()
	case 9:
		return g.pick("EXPIREAT ", "PEXPIREAT ") + g.key() + " " + g.seconds() + g.condition()
	case 10:
		return "PEXPIREAT " + g.key() + " 3317711742" + strconv.Itoa(g.IntN(9000)+1000) + g.condition()
	case 11:
		return "PERSIST " + g.key()
	case 12:
		return "PEXPIRETIME " + g.key()
	case 13:
		return g.pick("RENAME ", "RENAMENX ") + g.key() + " " + g.key()
	case 14:
		return "MOVE " + g.key() + " " + strconv.Itoa(g.IntN(4))
	case 15:
		return "COPY " + g.key() + " " + g.key() + g.pick("", " REPLACE", " DB 1", " DB 2 REPLACE", " REPLACE DB 0")
	case 16:
		return "SELECT " + g.pick("0", "1", "2")
	case 17:
		return g.pick("DBSIZE", "DBSIZE", "SWAPDB 0 1", "SWAPDB 1 2", "FLUSHDB", "SORT "+g.key()+" STORE "+g.key())
	case 18:
		return g.pick("FLUSHALL", "SORT "+g.key(), "SWAPDB 2 2", "DBSIZE", "DBSIZE", "DBSIZE", "DBSIZE")
	default:
		return "GET " + g.key()
	}
}
