package compat

// blockingRows call the commands that wait, with so little patience that a history does not take long.
var blockingRows = []row{
	{2, "(BLPOP|BRPOP) (lst|lst|key) (lst|key) tmo", exact},
	{1, "BLMOVE (lst|key) (lst|key) (LEFT|RIGHT) (LEFT|RIGHT) tmo", exact},
	{1, "BRPOPLPUSH (lst|key) (lst|key) tmo", exact},
	{1, "BLMPOP tmo (1|2|2|idx) (lst|key) (lst|key) (LEFT|RIGHT) {COUNT count}", exact},
	{2, "(BZPOPMIN|BZPOPMAX) (zset|zset|key) (zset|key) tmo", exact},
	{1, "BZMPOP tmo (1|2|2|idx) (zset|key) (zset|key) (MIN|MAX) {COUNT count}", exact},
}

func init() {
	arguments["tmo"] = func(g *generator) {
		g.arg(g.pick([]string{"0.001", "0.001", "0.002", "-1", "x", "", "nan", "1e-3", "inf"}, 8))
	}
	arguments["nobody"] = func(g *generator) { g.arg(g.pick([]string{"99999999", "0", "-1", "x", "127.0.0.1:1"}, 3)) }
}

// serverRows call what is about the server and the connection. Most answers are the server's own: their kind is compared.
var serverRows = []row{
	{1, "TIME", sameKind},
	{1, "ROLE", exact},
	{1, "LASTSAVE", sameKind},
	{1, "INFO [word]", sameKind},
	{1, "AUTH [word] word", exact},
	{1, "COMMAND", sameKind},
	{1, "COMMAND COUNT", sameKind},
	{1, "COMMAND LIST {FILTERBY PATTERN pat|FILTERBY MODULE word|word}", sameKind},
	{1, "COMMAND INFO (GET|SET|word)...", sameKind},
	{1, "COMMAND DOCS (GET|SET|ZADD)", sameKind},
	{1, "COMMAND GETKEYSANDFLAGS (SET key val|MSET (key val)...|MGET key...|SORT key STORE key|LCS key key|GET|PING|word key|ZUNIONSTORE zset 2 zset zset|XREAD STREAMS strm strm 0 0)", exact},
	{1, "CLIENT ID", sameKind},
	{1, "CLIENT INFO", sameKind},
	{1, "CLIENT LIST", sameKind},
	{1, "CLIENT KILL (ID 99999999|ADDR 127.0.0.1:1|USER nobody|TYPE PUBSUB|127.0.0.1:1)", exact},
	{1, "CLIENT UNBLOCK nobody [TIMEOUT|ERROR|word]", exact},
	{1, "CLIENT NO-EVICT (ON|OFF|word)", exact},
	{1, "CLIENT PAUSE (0|1|word|-1) [ALL|WRITE|word]", exact},
	{1, "CLIENT UNPAUSE", exact},
	{1, "CLIENT GETREDIR", exact},
	{1, "CLIENT TRACKINGINFO", sameKind},
	{1, "CLIENT CACHING (YES|NO|word)", exact},
	{1, "CONFIG RESETSTAT", exact},
	{1, "CONFIG REWRITE", exact},
	{1, "SLOWLOG (GET count|RESET|GET -1|word)", sameKind},
	{1, "SLOWLOG LEN", sameKind},
	{1, "LATENCY (RESET|LATEST|HISTORY word|word)", exact},
	{1, "LATENCY HISTOGRAM word", sameKind},
	{1, "MEMORY USAGE key [SAMPLES count]", sameKind},
	{1, "MEMORY STATS", sameKind},
	{1, "MEMORY PURGE", exact},
	{1, "MODULE (LIST|UNLOAD word|word)", exact},
	{2, "DEBUG DIGEST-VALUE (key|hash|lst|set|zset|strm)...", exact},
	{1, "DEBUG DIGEST", exact},
	{1, "PUBLISH word val", exact},
	{1, "SPUBLISH word val", exact},
	{1, "PUBSUB (CHANNELS|SHARDCHANNELS) [pat]", exact},
	{1, "PUBSUB (NUMSUB|SHARDNUMSUB) word...", exact},
	{1, "PUBSUB (NUMPAT|word)", exact},
	{1, "ACL (WHOAMI|USERS|LOAD|SAVE|word)", exact},
	{1, "ACL DELUSER word", exact},
	{1, "ACL DRYRUN (DEFAULT|word) (GET key|SET key val|word)", exact},
	{1, "ACL (LIST|CAT|LOG|GENPASS|LOG RESET|GETUSER DEFAULT|GETUSER word)", sameKind},
	{1, "FLUSHALL [ASYNC|SYNC|word]", exact},
}

// notInHistories are the commands that no row calls, and why.
var notInHistories = map[string]string{
	"subscribe":    "answers once for every channel, out of band: tests of the family",
	"unsubscribe":  "as SUBSCRIBE",
	"psubscribe":   "as SUBSCRIBE",
	"punsubscribe": "as SUBSCRIBE",
	"ssubscribe":   "as SUBSCRIBE",
	"sunsubscribe": "as SUBSCRIBE",
	"pubsub|help":  "our own words",
	"acl|help":     "our own words",
	"acl|setuser":  "users would outlive the history: tests of the family",

	"quit":                "ends the connection",
	"shutdown":            "ends the server",
	"monitor":             "its replies are what others do: tests/script",
	"save":                "nothing is saved in this version: tests/script",
	"bgsave":              "as SAVE",
	"bgrewriteaof":        "as SAVE",
	"lolwut":              "draws a picture of its own",
	"pfselftest":          "takes seconds, and has no arguments: tests/script",
	"client|reply":        "turns replies off, so that they can no longer be counted: tests/script",
	"client|tracking":     "sends what others do: tests/process",
	"client|help":         "our own words",
	"command|help":        "our own words",
	"config|help":         "our own words",
	"latency|help":        "our own words",
	"latency|doctor":      "our own words",
	"latency|graph":       "our own picture",
	"memory|help":         "our own words",
	"memory|doctor":       "our own words",
	"memory|malloc-stats": "tells of our own allocator",
	"module|help":         "our own words",
	"module|load":         "there are no modules: tests/script",
	"module|loadex":       "there are no modules: tests/script",
	"object|help":         "our own words",
	"slowlog|help":        "our own words",
	"xgroup|help":         "our own words",
	"xinfo|help":          "our own words",

	"multi": "comes with EXEC: transactions.go",

	"eval": "a language of its own: tests of the family", "eval_ro": "as EVAL", "evalsha": "as EVAL", "evalsha_ro": "as EVAL",
	"fcall": "as EVAL", "fcall_ro": "as EVAL",
	"script|debug": "as EVAL", "script|exists": "as EVAL", "script|flush": "as EVAL", "script|kill": "as EVAL", "script|load": "as EVAL",
	"script|help": "our own words", "function|help": "our own words",
	"function|delete": "as EVAL", "function|dump": "as EVAL", "function|flush": "as EVAL", "function|kill": "as EVAL",
	"function|list": "as EVAL", "function|load": "as EVAL", "function|restore": "as EVAL", "function|stats": "as EVAL",

	"client|no-touch": "Redis 7.2",
	"client|setinfo":  "Redis 7.2",
	"memory|audit":    "Granary's own: asked at the end of every history",
	"memory|classes":  "Granary's own: tests/script",
	"memory|ledger":   "Granary's own: tests/script",
	"hexpire":         "Redis 7.4", "hexpireat": "Redis 7.4", "hexpiretime": "Redis 7.4", "hpersist": "Redis 7.4",
	"hpexpire": "Redis 7.4", "hpexpireat": "Redis 7.4", "hpexpiretime": "Redis 7.4", "hpttl": "Redis 7.4", "httl": "Redis 7.4",
	"hgetdel": "Redis 8.0", "hgetex": "Redis 8.0", "hsetex": "Redis 8.0",
}
