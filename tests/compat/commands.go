package compat

// compareBy says how a reply is compared.
type compareBy uint8

const (
	exact     compareBy = iota
	sorted              // the order of elements is the server's own business
	nearSec             // an integer that counts seconds from now
	nearMilli           // an integer that counts milliseconds from now
	sameKind            // the server chooses: the type of the reply, and whether it is nil
	times               // numbers that are times, or count from one, may differ a little
	each                // EXEC: as the commands that were queued
	notRedis            // not sent to redis-server, which does not know it yet
)

// row is one way to call a command.
type row struct {
	weight int
	line   string
	by     compareBy
}

// family is one group of rows. A type that joins the server joins here with its rows, and in valueCommands (history.go)
// with the commands that read a whole value.
type family struct {
	name string
	rows []row
}

var families = []family{
	{"strings", []row{
		{30, "SET key val", exact},
		{4, "SET num int", exact},
		{16, "SET key val {NX|XX|GET|KEEPTTL|EX sec|PX msec|EXAT at|PXAT msat}", exact},
		{6, "SETNX key val", exact},
		{4, "SETEX key sec val", exact},
		{4, "PSETEX key msec val", exact},
		{30, "GET key", exact},
		{6, "GETSET key val", exact},
		{6, "GETDEL key", exact},
		{12, "GETEX key {EX sec|PX msec|EXAT at|PXAT msat|PERSIST}", exact},
		{8, "MGET key...", exact},
		{8, "MSET (key val)...", exact},
		{4, "MSETNX (key val)...", exact},
		{6, "STRLEN key", exact},
		{14, "APPEND key val", exact},
		{12, "GETRANGE key idx idx", exact},
		{3, "SUBSTR key idx idx", exact},
		{12, "SETRANGE key off val", exact},
		{10, "INCR (num|num|key)", exact},
		{8, "DECR (num|num|key)", exact},
		{12, "INCRBY (num|num|key) int", exact},
		{10, "DECRBY (num|num|key) int", exact},
		{14, "INCRBYFLOAT (num|num|key) float", exact},
		{4, "LCS key key {LEN|IDX|MINMATCHLEN count|WITHMATCHLEN}", exact},
	}},
	{"bitmaps", []row{
		{12, "SETBIT key bitoff bit", exact},
		{8, "GETBIT key bitoff", exact},
		{10, "BITCOUNT key [idx idx [BYTE|BIT]|idx]", exact},
		{12, "BITPOS key bit [idx [idx [BYTE|BIT]]]", exact},
		{8, "BITOP (AND|OR|XOR) key key...", exact},
		{3, "BITOP NOT key key", exact},
		{16, "BITFIELD key (GET bftype bfoff|SET bftype bfoff int|INCRBY bftype bfoff int|OVERFLOW (WRAP|SAT|FAIL))...", exact},
		{4, "BITFIELD_RO key (GET bftype bfoff)...", exact},
		{1, "BITFIELD_RO key SET bftype bfoff int", exact},
	}},
	{"hyperloglog", []row{
		{14, "PFADD (hll|hll|hll|key) (int|count|val)...", exact},
		{1, "PFADD hll", exact},
		{10, "PFCOUNT (hll|hll|key)", exact},
		{4, "PFCOUNT (hll|hll|key) (hll|key)...", exact},
		{6, "PFMERGE (hll|hll|key) (hll|hll|key)...", exact},
		{1, "PFMERGE hll", exact},
		{2, "PFDEBUG (ENCODING|DECODE|ENCODING|DECODE|TODENSE|word) (hll|key)", exact},
		{2, "GET hll", exact},
		{1, "DEL hll", exact},
	}},
	{"hashes", []row{
		{14, "HSET (hash|hash|hash|key) (field val)...", exact},
		{4, "HMSET (hash|hash|key) (field val)...", exact},
		{4, "HSETNX (hash|hash|key) field val", exact},
		{8, "HSET hash field int", exact},
		{10, "HGET (hash|hash|key) field", exact},
		{5, "HMGET (hash|hash|key) field...", exact},
		{5, "HGETALL (hash|hash|key)", sorted},
		{2, "HKEYS (hash|hash|key)", sorted},
		{2, "HVALS (hash|hash|key)", sorted},
		{4, "HLEN (hash|key)", exact},
		{3, "HSTRLEN (hash|key) field", exact},
		{4, "HEXISTS (hash|key) field", exact},
		{8, "HDEL (hash|hash|key) field...", exact},
		{8, "HINCRBY (hash|hash|key) field int", exact},
		{8, "HINCRBYFLOAT (hash|hash|key) field float", exact},
		{3, "HSCAN hash 0 COUNT 1000 [MATCH pat]", sorted},
		{1, "HSCAN (hash|key) cursor {COUNT int|MATCH pat|word}", sameKind},
		{2, "HRANDFIELD (hash|key) [(count|-3|word) [WITHVALUES|word]]", sameKind},
		{2, "DEL hash", exact},
		{4, "OBJECT ENCODING hash", exact},
		{2, "COPY hash hash REPLACE", exact},
		{2, "RENAME hash hash", exact},
	}},
	{"lists", []row{
		{16, "(LPUSH|RPUSH) (lst|lst|lst|key) elem...", exact},
		{6, "(LPUSH|RPUSH) lst elem elem elem elem elem elem...", exact},
		{3, "(LPUSHX|RPUSHX) (lst|lst|key) elem...", exact},
		{8, "(LPOP|RPOP) (lst|lst|key)", exact},
		{6, "(LPOP|RPOP) (lst|key) (count|count|idx)", exact},
		{4, "LLEN (lst|lst|key)", exact},
		{6, "LINDEX (lst|lst|key) idx", exact},
		{8, "LSET (lst|lst|key) idx elem", exact},
		{8, "LINSERT (lst|lst|key) (BEFORE|AFTER) elem elem", exact},
		{10, "LRANGE (lst|lst|key) idx idx", exact},
		{4, "LTRIM (lst|lst|key) idx idx", exact},
		{6, "LREM (lst|lst|key) (idx|count|0) elem", exact},
		{10, "LPOS (lst|lst|key) elem {RANK count|RANK -1|RANK -2|COUNT count|MAXLEN count|MAXLEN 20}", exact},
		{5, "RPOPLPUSH (lst|lst|key) (lst|lst|key)", exact},
		{6, "LMOVE (lst|lst|key) (lst|lst|key) (LEFT|RIGHT) (LEFT|RIGHT)", exact},
		{5, "LMPOP 2 (lst|key) (lst|key) (LEFT|RIGHT) {COUNT count}", exact},
		{3, "COPY lst lst {REPLACE}", exact},
		{1, "DEL lst", exact},
	}},
	{"sets", []row{
		{16, "SADD (set|set|set|key) member...", exact},
		{3, "SADD set member member member member member member member member...", exact},
		{8, "SREM (set|set|set|key) member...", exact},
		{4, "SREM set member member member member member member member member...", exact},
		{5, "SISMEMBER (set|set|key) member", exact},
		{4, "SMISMEMBER (set|set|key) member...", exact},
		{4, "SCARD (set|set|key)", exact},
		{5, "SMEMBERS (set|set|key)", sorted},
		{8, "SMOVE (set|set|set|key) (set|set|set|key) member", exact},
		{2, "SPOP (set|set|key) 100000", sorted},
		{1, "SPOP (set|key) (0|-1|-100)", exact},
		{3, "SRANDMEMBER (set|set|key)", sameKind},
		{2, "SRANDMEMBER (set|set|key) (100000|0|100000|100000)", sorted},
		{5, "SINTER (set|set|key) set...", sorted},
		{5, "SUNION (set|set|key) set...", sorted},
		{5, "SDIFF (set|set|key) set...", sorted},
		{1, "SDIFF set set set set set set", sorted},
		{5, "SINTERCARD (1|2|2|3|idx) set set [key] {LIMIT idx}", exact},
		{6, "(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) (set|set|key) (set|set|key) set...", exact},
		{3, "SSCAN (set|set|key) 0 COUNT 100000 {MATCH pat}", sorted},
		{6, "OBJECT ENCODING set", exact},
		{3, "COPY set set REPLACE", exact},
		{3, "SORT set ALPHA {DESC|LIMIT idx idx|STORE key}", exact},
		{2, "SORT set {DESC|ASC|LIMIT idx idx}", exact},
		{2, "SORT set BY pat {GET pat|DESC}", sorted},
	}},
	{"zsets", zsetRows},
	{"geo", geoRows},
	{"streams", streamRows},
	{"limits", limitRows},
	{"blocking", blockingRows},
	{"server", serverRows},
	{"transactions", transactionRows},
	{"generic", []row{
		{6, "DEL key...", exact},
		{3, "UNLINK key...", exact},
		{6, "EXISTS key...", exact},
		{4, "TYPE key", exact},
		{3, "TOUCH key...", exact},
		{3, "KEYS pat", sorted},
		{3, "SCAN 0 COUNT 1000 {MATCH pat|TYPE typ}", sorted},
		{1, "SCAN cursor [COUNT word]", sameKind},
		{2, "RANDOMKEY", sameKind},
		{6, "RENAME key key", exact},
		{5, "RENAMENX key key", exact},
		{8, "COPY key key {DB db|REPLACE}", exact},
		{4, "MOVE key db", exact},
		{3, "DBSIZE", exact},
		{10, "OBJECT ENCODING key", exact},
		{2, "OBJECT REFCOUNT key", exact},
		{2, "OBJECT IDLETIME key", sameKind}, // in Redis the keys that hold a shared integer share its idle time
		{2, "OBJECT FREQ key", exact},
		{1, "OBJECT word key", exact},
		{5, "PERSIST key", exact},
		{6, "EXPIRE key rsec [NX|XX]", exact},
		{5, "PEXPIRE key rmsec [NX|XX]", exact},
		{8, "EXPIREAT key at {NX|XX|GT|LT}", exact},
		{6, "PEXPIREAT key msat {NX|XX|GT|LT}", exact},
		{1, "EXPIREAT key pastat", exact},
		{1, "PEXPIREAT key pastat", exact},
		{6, "TTL key", nearSec},
		{6, "PTTL key", nearMilli},
		{4, "EXPIRETIME key", nearSec},
		{4, "PEXPIRETIME key", nearMilli},
		{2, "SORT key ALPHA {ASC|DESC|LIMIT idx idx|GET pat|STORE key}", exact},
		{1, "SORT key {ASC|DESC|LIMIT idx idx|GET pat}", exact},
		{1, "SORT key BY pat {ALPHA|ASC|DESC|GET pat}", sorted}, // elements of one weight come in any order
		{1, "SORT_RO key {ALPHA|DESC|LIMIT idx idx|GET pat|STORE key}", exact},
		{2, "SWAPDB db db", exact},
		{1, "FLUSHDB [ASYNC|SYNC|word]", exact},
	}},
	{"connection", []row{
		{1, "PING [val]", exact},
		{1, "ECHO val", exact},
		{4, "SELECT db", exact},
		{1, "CLIENT SETNAME word", exact},
		{1, "CLIENT GETNAME", exact},
		{1, "CLIENT word val", exact},
		{1, "RESET", exact},
		{1, "HELLO (1|4|word|-1)", sameKind},
		{1, "HELLO 2 AUTH word", exact},
		{2, "COMMAND GETKEYS (SET key val|MSET (key val)...|MGET key...|BITOP AND key key...|SORT key STORE key|LCS key key|GET|PING|word key)", exact},
		{1, "CONFIG GET param", sorted},
		{1, "CONFIG word param", exact},
		{2, "unknown val...", exact},
	}},
}
