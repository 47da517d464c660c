package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"granary/internal/mem"
	"granary/tests/live"
)

// Watched keys beside redis-server: which keys a command changes, in the eyes of those who watch them.

// watchedKeys are the keys that are watched, each by a client of its own, and what they hold.
var watchedKeys = []struct{ name, setup string }{
	{"s", "SET s 7"},
	{"t", "SET t v EX 1000"},
	{"l", "RPUSH l a b c"},
	{"h", "HSET h f v g 1"},
	{"e", "SADD e a b c"},
	{"z", "ZADD z 1 a 2 b 3 c"},
	{"x", "XADD x 1-1 f v"},
	{"g", "GEOADD g 13.361389 38.115556 Palermo"},
	{"p", "PFADD p a b"},
	{"n", ""}, // does not exist
	{"d", ""}, // a destination that does not exist
	{"o", "SET o old"},
}

// watchedCommands are commands, several on one line joined by "; ".
var watchedCommands = []string{
	"GET s", "SET s 7", "SET s 7 NX", "SET n 7 XX", "SET n 7", "SET s 8 GET", "SETNX s 8", "SETNX n 8", "SETEX s 10 v", "GETSET s 7",
	"GETDEL s", "GETDEL n", "GETEX s", "GETEX s EX 10", "GETEX s PERSIST", "GETEX t PERSIST", "GETEX t EXAT 1", "INCR s", "INCR n",
	"INCR t", "DECRBY s 0", "INCRBYFLOAT s 1", "APPEND s x", "APPEND n x", "SETRANGE s 0 x", `SETRANGE s 0 ""`, `SETRANGE n 0 ""`,
	"SETBIT s 1 0", "SETBIT s 1 1", "SETBIT n 1 0", "BITFIELD s GET u8 0", "BITFIELD s SET u8 0 1", "BITFIELD n SET u8 0 0",
	"BITFIELD s OVERFLOW FAIL INCRBY u1 0 5", "BITOP NOT d s", "BITOP NOT o n", "BITOP NOT d n", "STRLEN s", "GETRANGE s 0 1", "MSET s 1 n 2",
	"MSETNX s 1 n 2", "MSETNX n 1 d 2", "DEL s", "DEL n", "DEL s n l", "UNLINK s n", "EXISTS s n", "TOUCH s n", "TYPE s",
	"EXPIRE s 10", "EXPIRE n 10", "EXPIRE s 10 XX", "EXPIRE t 10 NX", "EXPIRE s -1", "PEXPIREAT s 1", "PERSIST s", "PERSIST t", "PERSIST n",
	"RENAME s n", "RENAME s t", "RENAME s s", "RENAMENX s n", "RENAMENX s t", "RENAME n s", "COPY s n", "COPY s t", "COPY s t REPLACE",
	"COPY s n DB 3", "COPY n s REPLACE", "MOVE s 3", "MOVE n 3", "RANDOMKEY", "KEYS *", "SCAN 0", "OBJECT ENCODING s", "DUMP n", "SORT l ALPHA",
	"SORT l ALPHA STORE d", "SORT l ALPHA STORE o", "SORT n STORE d", "SORT n STORE o", "SORT_RO l ALPHA",
	"LPUSH l x", "LPUSHX n x", "LPUSHX l x", "RPUSH n x", "LPOP l", "LPOP n", "LPOP l 0", "LPOP l 5", "RPOP l 1", "LSET l 0 a", "LSET l 9 a",
	"LINSERT l BEFORE b x", "LINSERT l BEFORE nosuch x", "LREM l 0 a", "LREM l 0 nosuch", "LTRIM l 0 -1", "LTRIM l 1 1", "LTRIM l 9 9",
	"LTRIM n 0 1", "LMOVE l d LEFT LEFT", "LMOVE l l LEFT RIGHT", "LMOVE n l LEFT LEFT", "RPOPLPUSH l l", "RPOPLPUSH l d", "LMPOP 2 n l LEFT",
	"LRANGE l 0 -1", "LINDEX l 0", "LPOS l a", "LPUSH s x", "BLPOP l 0", "BLMOVE l d LEFT LEFT 0", "BRPOPLPUSH l l 0", "BLMPOP 0 1 l LEFT COUNT 9",
	"HSET h f v", "HSET h new v", "HSETNX h f v", "HSETNX h new v", "HDEL h f", "HDEL h nosuch", "HDEL h f g", "HINCRBY h g 0",
	"HINCRBYFLOAT h g 0", "HMSET h f v", "HGETALL h", "HRANDFIELD h", "HINCRBY h f 1", "HSCAN h 0",
	"SADD e a", "SADD e new", "SADD n new", "SREM e a", "SREM e nosuch", "SREM e a b c", "SPOP e", "SPOP e 0", "SPOP e 9", "SPOP n", "SMOVE e d a",
	"SMOVE e d nosuch", "SMOVE e e a", "SUNIONSTORE d e", "SUNIONSTORE o e", "SUNIONSTORE o n", "SUNIONSTORE d n", "SINTERSTORE d e n",
	"SINTERSTORE o e n", "SDIFFSTORE o e e", "SMEMBERS e", "SRANDMEMBER e", "SINTERCARD 1 e",
	"ZADD z 1 a", "ZADD z 9 a", "ZADD z XX 9 nosuch", "ZADD z NX 9 a", "ZADD z 9 new", "ZADD z INCR 0 a", "ZADD z GT 0 a", "ZINCRBY z 0 a", "ZINCRBY z 1 new",
	"ZREM z a", "ZREM z nosuch", "ZREM z a b c", "ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYRANK z 9 9", "ZREMRANGEBYSCORE z 1 2", "ZREMRANGEBYSCORE z 8 9",
	"ZREMRANGEBYLEX z [a [a", "ZPOPMIN z", "ZPOPMAX z 9", "ZPOPMIN z 0", "ZPOPMIN n", "ZMPOP 2 n z MIN", "BZPOPMIN z 0", "BZMPOP 0 1 z MAX COUNT 9",
	"ZUNIONSTORE d 1 z", "ZUNIONSTORE o 1 z", "ZUNIONSTORE o 1 n", "ZINTERSTORE d 2 z n", "ZDIFFSTORE o 2 z z", "ZRANGESTORE d z 0 0", "ZRANGESTORE o z 9 9",
	"ZRANGESTORE d z 9 9", "ZRANGE z 0 -1", "ZSCORE z a", "ZRANDMEMBER z",
	"GEOADD g 13.361389 38.115556 Palermo", "GEOADD g 15 37 Catania", "GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 km",
	"GEOSEARCHSTORE o g FROMLONLAT 0 0 BYRADIUS 1 m", "GEORADIUS g 15 37 1 m STORE o", "GEORADIUS g 15 37 1 m STORE d", "GEOPOS g Palermo",
	"PFADD p a", "PFADD p new", "PFADD n", "PFADD n a", "PFCOUNT p", "PFMERGE p", "PFMERGE d p", "PFMERGE d n", "PFCOUNT p p",
	"XADD x * f v", "XADD x NOMKSTREAM * f v", "XADD n NOMKSTREAM * f v", "XADD n * f v", "XADD x 1-1 f v", "XDEL x 1-1", "XDEL x 9-9", "XTRIM x MAXLEN 9",
	"XTRIM x MAXLEN 0", "XSETID x 9-9", "XLEN x", "XRANGE x - +", "XREAD STREAMS x 0", "XGROUP CREATE x g $", "XGROUP CREATE n g $ MKSTREAM",
	"XGROUP CREATE x g 0; XGROUP CREATECONSUMER x g c", "XGROUP CREATE x g 0; XGROUP SETID x g 1", "XGROUP CREATE x g 0; XGROUP DESTROY x g",
	"XINFO STREAM x",
	"FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "SWAPDB 0 0", "SWAPDB 1 2", "SELECT 3; SET s 1; FLUSHDB; SELECT 0", "SELECT 3; SET n 1; SWAPDB 3 0; SELECT 0", "DEBUG SLEEP 0",
	"MULTI; SET s 1; EXEC", "MULTI; SET s 1; DISCARD", "MULTI; LPUSH s 1; EXEC",
	"SELECT 3; SET s 1; DEL s; SELECT 0", "SELECT 3; RPUSH l a; SELECT 0",
}

// watchedLater are histories on an XGROUP that exists before keys are watched.
var watchedGroups = []string{
	"XREADGROUP GROUP g c STREAMS x >", "XREADGROUP GROUP g c NOACK STREAMS x >", "XREADGROUP GROUP g d STREAMS x 0", "XREADGROUP GROUP g c STREAMS x 0",
	"XACK x g 1-1", "XCLAIM x g c 0 1-1", "XCLAIM x g c 0 1-1 FORCE", "XCLAIM x g c 0 1-1 JUSTID", "XAUTOCLAIM x g c 0 0", "XPENDING x g",
	"XGROUP CREATECONSUMER x g c", "XGROUP CREATECONSUMER x g new", "XGROUP DELCONSUMER x g c", "XGROUP DELCONSUMER x g nosuch", "XGROUP SETID x g 0",
	"XGROUP DESTROY x g", "XGROUP DESTROY x nosuch",
}

// touches returns the watched keys that commands changed.
func (s *side) touches(setup, commands string) (keys []string) {
	do := func(c *live.Conn, line string) string {
		words := strings.Fields(line)
		for i, w := range words {
			if w == `""` {
				words[i] = ""
			}
		}
		r, err := c.Do(words...)
		s.must(err)
		return r.String()
	}
	writer := s.client("writer")
	do(writer, "FLUSHALL")
	for _, k := range watchedKeys {
		if k.setup != "" {
			do(writer, k.setup)
		}
	}
	for line := range strings.SplitSeq(setup, "; ") {
		if line != "" {
			do(writer, line)
		}
	}
	for _, k := range watchedKeys {
		do(s.client(k.name), "WATCH "+k.name)
	}
	for line := range strings.SplitSeq(commands, "; ") {
		do(writer, line)
	}
	for _, k := range watchedKeys {
		c := s.client(k.name)
		do(c, "MULTI")
		do(c, "PING")
		if !strings.Contains(do(c, "EXEC"), "PONG") {
			keys = append(keys, k.name)
		}
	}
	return keys
}

func TestWatchBesideRedis(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	theirs := &side{root: t, t: t, addr: redis.Addr, clients: map[string]*live.Conn{}}
	s := startTest(t, 2)
	s.mu.Lock()
	s.cfg.EnableDebugCommand = 1
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	ours := &side{root: t, t: t, addr: addr, clients: map[string]*live.Conn{}}
	check := func(setup, commands string) {
		t.Helper()
		want, got := theirs.touches(setup, commands), ours.touches(setup, commands)
		if !slices.Equal(got, want) {
			t.Errorf("%s; %s: changes %q, redis %q", setup, commands, got, want)
		}
	}
	for _, line := range watchedCommands {
		check("", line)
	}
	for _, line := range watchedGroups {
		check("XGROUP CREATE x g 0", line)
		check("XGROUP CREATE x g 0; XREADGROUP GROUP g c STREAMS x >", line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := mem.ReadStats().Books.Purposes[mem.PurposeWatch].Usable; n != 0 {
		t.Errorf("%d bytes of watched keys are left", n)
	}
	if clients, keys := s.env.Watching(); clients+keys != 0 || s.env.Keys.Hooks.Modified != nil || s.env.Keys.Hooks.Replacing != nil {
		t.Errorf("%d clients still watch %d keys", clients, keys)
	}
}
