package main

import (
	"fmt"
	"strconv"
	"strings"

	"granary/tests/live"
)

// What CPU time is measured for. Keys, members and values of the first table are redis-benchmark's own.

var (
	shallow = []int{1, 16}
	all3    = []int{1, 16, 64}
	deep    = []int{16}
)

// builtin is a test of redis-benchmark's own on one key.
func builtin(test string) row {
	return row{name: strings.ToUpper(test), test: test, requests: 50_000, depths: shallow}
}

// defaultRows are all tests that redis-benchmark runs by default. What takes elements away is given elements to take,
// more than it takes. LRANGE and XADD are spelled out: redis-benchmark fills the list by LPUSH within the measured
// time, and versions before 7.2 have no test of XADD.
func defaultRows() []row {
	rows := []row{
		{name: "PING (inline)", test: "ping_inline", requests: 50_000, depths: shallow},
		{name: "PING", test: "ping_mbulk", requests: 50_000, depths: shallow},
		{name: "SET", test: "set", requests: 50_000, depths: all3},
		{name: "GET", test: "get", requests: 50_000, depths: all3},
		{name: "INCR", test: "incr", requests: 50_000, depths: all3},
		builtin("lpush"), builtin("rpush"),
		filled("LPOP", "mylist", same("xxx")),
		filled("RPOP", "mylist", same("xxx")),
		builtin("sadd"), builtin("hset"),
		filled("SPOP", "myset", sets("element:", 20)),
		builtin("zadd"),
		filled("ZPOPMIN", "myzset", zsets("element:", 20, inOrder)),
	}
	for _, n := range []int{100, 300, 500, 600} {
		rows = append(rows, row{
			name: fmt.Sprintf("LRANGE of %d", n), command: []string{"LRANGE", "mylist", "0", strconv.Itoa(n - 1)},
			requests: 2_000_000 / (n + 100), depths: shallow, left: "mylist",
			prepare: func(s *live.Server, _ int) error { return refill(s, "mylist", same("xxx"), 1000) },
		})
	}
	rows = append(rows,
		row{name: "MSET", test: "mset", requests: 30_000, depths: all3},
		row{
			name: "XADD", command: []string{"XADD", "mystream", "*", "myfield", "xxx"}, requests: 50_000, depths: shallow,
			prepare: func(s *live.Server, _ int) error { return do(s, "DEL", "mystream") }, left: "mystream",
		},
	)
	// The same over many keys, or many members of one key.
	for _, test := range []string{"set", "get", "incr", "mset"} {
		r := row{name: strings.ToUpper(test), test: test, requests: 50_000, depths: all3, random: 100_000}
		if test == "mset" {
			r.requests /= 3
		}
		rows = append(rows, r)
	}
	for _, test := range []string{"sadd", "hset", "zadd"} {
		rows = append(rows, row{name: strings.ToUpper(test), test: test, requests: 50_000, depths: deep, random: 100_000})
	}
	return rows
}

// filled takes one element away with each request, from a value that has one more than there are requests.
func filled(command, key string, c collection) row {
	return row{
		name: command, test: strings.ToLower(command), requests: 50_000, depths: shallow, left: key,
		prepare: func(s *live.Server, n int) error { return refill(s, key, c, n+1) },
	}
}

func refill(s *live.Server, key string, c collection, n int) error {
	if err := do(s, "DEL", key); err != nil {
		return err
	}
	return fillCollection(s, c, key, n)
}

// measureDefaults runs redis-benchmark's own tests.
func measureDefaults(o *options, all []contender) (string, error) {
	servers, stop, err := startAll(all)
	if err != nil {
		return "", err
	}
	defer stop()
	for _, s := range servers {
		// The keys exist before anything is measured.
		if err := fill(s, 100_000, func(dst []byte, i int) []byte {
			return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "key:", 16, i), "xxx")
		}); err != nil {
			return "", err
		}
	}
	table, err := measureRows(o, all, servers, defaultRows())
	if err != nil {
		return "", err
	}
	floor, err := measureFloor(o, all, servers)
	return fmt.Sprintf("CPU time of the server per operation in microseconds, and operations per second in thousands; the default tests "+
		"of redis-benchmark, 50 clients, medians of %d rounds, the servers in turn. An MSET sets ten keys; what takes elements away takes "+
		"them from a value that has enough. With many keys, SADD, HSET and ZADD have one key of as many members. A ratio is Granary "+
		"divided by the other; it is to be at most %.2f at pipeline 1 and %.2f deeper, for GET and SET %.2f and %.2f. With one key and a shallow pipeline "+
		"three quarters of Granary's time are the kernel's, which is the same for all: below the table, GET of one key beside a server that "+
		"receives and sends the same bytes and looks at nothing (`tests/bench/floor.go`).\n\n%s\n%s",
		o.rounds, most(1), most(16), mostGetSet(1), mostGetSet(16), table, floor), err
}

// bigMembers is how many elements each value of the second table has.
const bigMembers = 1_000_000

// bigRows read values of a million elements at places that nothing has touched lately.
func bigRows(n int) []row {
	const number = "__rand_int__" // 12 digits
	simple := func(name string, requests int, words ...string) row {
		return row{name: name, command: words, requests: requests, depths: shallow, random: n}
	}
	whole := func(name string, requests int, words ...string) row {
		return row{name: name, command: words, requests: requests, depths: []int{1}, clients: 1}
	}
	return []row{
		simple("ZRANGEBYSCORE, ten members", 40_000, "ZRANGEBYSCORE", "zset", number, "+inf", "LIMIT", "0", "10"),
		simple("ZRANK", 40_000, "ZRANK", "zset", "m:"+number),
		simple("ZSCORE", 40_000, "ZSCORE", "zset", "m:"+number),
		simple("ZADD, a member moves", 40_000, "ZADD", "zset", number, "m:"+number),
		simple("HGET", 40_000, "HGET", "hash", "f:"+number),
		simple("SISMEMBER", 40_000, "SISMEMBER", "set", "m:"+number),
		whole("SINTER, a tenth in both", 4, "SINTER", "set", "set2"),
		whole("SINTERCARD, a tenth in both", 4, "SINTERCARD", "2", "set", "set2"),
		whole("SINTERCARD LIMIT 1000", 400, "SINTERCARD", "2", "set", "set2", "LIMIT", "1000"),
		readGroup("XREADGROUP, one entry", 1, 40_000),
		readGroup("XREADGROUP, ten entries", 10, 15_000),
	}
}

// readGroup consumes a filled stream with a group that has read nothing.
func readGroup(name string, count, requests int) row {
	return row{
		name: name, command: []string{"XREADGROUP", "GROUP", "group", "consumer", "COUNT", strconv.Itoa(count), "STREAMS", "stream", ">"},
		requests: requests, depths: shallow,
		prepare: func(s *live.Server, n int) error {
			if err := do(s, "XGROUP", "DESTROY", "stream", "group"); err != nil {
				return err
			}
			return do(s, "XGROUP", "CREATE", "stream", "group", "0")
		},
	}
}

// measureBig runs commands on large values.
func measureBig(o *options, all []contender) (string, error) {
	n := max(int(bigMembers*o.scale), 10_000)
	servers, stop, err := startAll(all)
	if err != nil {
		return "", err
	}
	defer stop()
	values := map[string]collection{
		"zset":   zsets("m:", 14, scattered(n)),
		"hash":   hashes("f:", 14, 7),
		"set":    sets("m:", 14),
		"set2":   sets("m:", 14).from(n * 9 / 10), // a tenth is in both
		"stream": streams(),
	}
	for key, c := range values {
		if err := onEach(servers, func(s *live.Server) error { return fillCollection(s, c, key, n) }); err != nil {
			return "", err
		}
	}
	table, err := measureRows(o, all, servers, bigRows(n))
	return fmt.Sprintf("The same for commands on a sorted set, a hash, two sets and a stream of %d elements each, at random places.\n\n%s", n, table), err
}
