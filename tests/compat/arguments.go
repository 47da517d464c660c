package compat

import (
	"strconv"
	"strings"
)

// arguments are the generators that grammar lines name. Each adds one argument.
var arguments map[string]func(*generator)

func init() {
	// Not a composite literal of the variable: emit, which generators may call, refers to it.
	arguments = map[string]func(*generator){
		"key":     func(g *generator) { g.arg(g.pick(keys, 40)) },
		"num":     func(g *generator) { g.arg(counters[g.rng.IntN(len(counters))]) },
		"hll":     func(g *generator) { g.arg(hlls[g.rng.IntN(len(hlls))]) },
		"hash":    func(g *generator) { g.arg(hashes[g.rng.IntN(len(hashes))]) },
		"field":   (*generator).field,
		"lst":     func(g *generator) { g.arg(lists[g.rng.IntN(len(lists))]) },
		"elem":    (*generator).element,
		"set":     func(g *generator) { g.arg(sets[g.rng.IntN(len(sets))]) },
		"member":  (*generator).member,
		"val":     (*generator).value,
		"word":    func(g *generator) { g.arg(words[g.rng.IntN(len(words))]) },
		"int":     func(g *generator) { g.integer() },
		"float":   func(g *generator) { g.arg(floats[g.rng.IntN(len(floats))]) },
		"idx":     func(g *generator) { g.index() },
		"off":     func(g *generator) { g.offset(1500, offsetEdges) },
		"bitoff":  func(g *generator) { g.offset(3000, bitOffsetEdges) },
		"bit":     func(g *generator) { g.arg(g.pick(bits, 16)) },
		"bfoff":   (*generator).fieldOffset,
		"bftype":  (*generator).fieldType,
		"sec":     func(g *generator) { g.arg(g.pick(seconds, 30)) },
		"msec":    func(g *generator) { g.arg(g.pick(millis, 30)) },
		"rsec":    func(g *generator) { g.arg(g.pick(relSeconds, 12)) },
		"rmsec":   func(g *generator) { g.arg(g.pick(relMillis, 12)) },
		"at":      func(g *generator) { g.farTime(1) },
		"msat":    func(g *generator) { g.farTime(1000) },
		"pastat":  func(g *generator) { g.arg(pastTimes[g.rng.IntN(len(pastTimes))]) },
		"db":      func(g *generator) { g.arg(g.pick(databases, 24)) },
		"cursor":  func(g *generator) { g.arg(badCursors[g.rng.IntN(len(badCursors))]) },
		"pat":     func(g *generator) { g.arg(patterns[g.rng.IntN(len(patterns))]) },
		"typ":     func(g *generator) { g.arg(typeNames[g.rng.IntN(len(typeNames))]) },
		"param":   func(g *generator) { g.arg(parameters[g.rng.IntN(len(parameters))]) },
		"count":   func(g *generator) { g.arg(strconv.Itoa(g.rng.IntN(5))) },
		"unknown": func(g *generator) { g.arg(unknownCommands[g.rng.IntN(len(unknownCommands))]) },
	}
}

// In these lists the common values come first; pick takes from the rest once in a while.
var (
	keys = []string{
		"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "foo", "key:000000000001", "other",
		"n0", "n1", "", "a b", "\x00bin\xff", strings.Repeat("L", 255), strings.Repeat("L", 256), strings.Repeat("M", 300), "12345",
	}
	keysCommon = 8
	counters   = []string{"n0", "n1"} // keys that mostly hold numbers

	hlls = []string{"hll0", "hll1", "hll2"} // keys that mostly hold HyperLogLogs

	hashes = []string{"h0", "h1", "h2", "k0"} // keys that mostly hold hashes

	lists = []string{"l0", "l1", "l2"} // keys that mostly hold lists

	sets = []string{"s0", "s1", "s2", "s3"} // keys that mostly hold sets

	words    = []string{"x", "hello", "NX", "", "k1", "-", "(1", "1.5x", "name with space", "name", "\x00", "*", "0x10", " 1", "1 ", "+1", "01", "nan"}
	intEdges = []string{
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "9999", "10000", "-1", "0",
		"127", "128", "-128", "-129", "255", "256", "32767", "32768", "-32769", "65535", "8388607", "8388608", "-8388609",
		"2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "549755813887", "140737488355327",
		"140737488355328", "36028797018963967", "36028797018963968", "18446744073709551615", "99999999999999999999", "-0", "00", "1.0", "1e3", "",
	}
	floats = []string{
		"0", "1", "-1", "0.1", "0.2", "-0.1", "3.14", "1.5", "100", "1e3", "1e-3", "5.0e3", "200.00", "-200.5", "1e17", "1e18", "123456789.123456789",
		"0.00000000000000001", "9007199254740993", "9223372036854775807", "1e300", "1.7976931348623157e308", "-1.7e308", "1e4000", "inf", "-inf", "+inf",
		"nan", "abc", "", " 1", "1 ", "0x1p4", "1e", ".5", "5.", "-.5", "1_0", "1,5", "3.0000000000000000000000000001", "infinity",
	}
	offsetEdges    = []string{"-1", "536870912", "4294967296", "9223372036854775807", "9223372036854775808", "x", "", "1.5"}
	bitOffsetEdges = []string{"-1", "4294967296", "9223372036854775807", "-9223372036854775808", "x", "", "1.5", "0 "}
	bits           = []string{"0", "1", "2", "-1", "x", "", "01"}

	// Far from now on both sides: a server that is some seconds behind the other must answer alike.
	seconds    = []string{"100000", "2000000", "30000000", "0", "-1", "9223372036854775807", "9223372036854775", "x", "", "1.5"}
	millis     = []string{"100000000", "2000000000", "30000000000", "0", "-1", "9223372036854775807", "x", "", "1.5"}
	relSeconds = []string{"100000", "2000000", "30000000", "0", "-1", "-100000", "9223372036854775807", "-9223372036854775808", "x", "", "1.5"}
	relMillis  = []string{"100000000", "2000000000", "30000000000", "0", "-1", "-100000000", "9223372036854775807", "-9223372036854775808", "x", "", "1.5"}
	pastTimes  = []string{"1", "1000", "0", "-1", "1000000000"}

	databases       = []string{"0", "1", "2", "3", "15", "16", "-1", "x", "", "99999999999999999999"}
	patterns        = []string{"*", "k*", "?1", "k[0-3]", "k[^0-3]", "*o*", "[a-z]*", "\\k1", "k\\*", "", "**", "[k]1", "k[3-0]", "[", "k[0", "foo", "nothing*", "*\xff", "k[\\1]", "[^"}
	badCursors      = []string{"x", "-", "1x", "", " 1", "1.5"}
	typeNames       = []string{"string", "STRING", "list", "set", "hash", "zset", "stream"}
	parameters      = []string{"maxmemory", "save", "appendonly", "databases", "timeout", "hash-max-listpack-*", "hash-max-ziplist-entries", "nothing", "MAXMEMORY-POLICY", "list-compress-depth", "tcp-keepalive", "maxmemory-samples"}
	unknownCommands = []string{"FOO", "foo", "G\x00T", "", "SETT", "get\r\n", "a b", strings.Repeat("x", 200)}
)

// pick takes one of the first few entries of list, and once in rare times any of them.
func (g *generator) pick(list []string, rare int) string {
	if g.rng.IntN(rare) == 0 {
		return list[g.rng.IntN(len(list))]
	}
	common := 3
	if &list[0] == &keys[0] {
		common = keysCommon
	}
	return list[g.rng.IntN(min(common, len(list)))]
}

// value is what users store: integers around every width, floats, strings around the encodings' limits.
func (g *generator) value() {
	switch g.rng.IntN(12) {
	case 0, 1, 2:
		g.arg(strconv.Itoa(g.rng.IntN(300) - 100))
	case 3:
		g.arg(intEdges[g.rng.IntN(len(intEdges))])
	case 4:
		g.arg(floats[g.rng.IntN(len(floats))])
	case 5:
		g.arg(words[g.rng.IntN(len(words))])
	case 6:
		g.text([]int{38, 39, 40, 43, 44, 45, 46, 63, 64}[g.rng.IntN(9)])
	case 7:
		g.text(g.rng.IntN(1200))
	case 8:
		g.binary(g.rng.IntN(20))
	case 9:
		g.arg(strconv.FormatInt(int64(g.rng.Uint64()), 10))
	default:
		g.text(g.rng.IntN(16))
	}
}

// field is the name of a field of a hash: mostly one of a few, and sometimes as long as a listpack takes them.
func (g *generator) field() {
	switch g.rng.IntN(16) {
	case 0:
		g.text([]int{0, 63, 64, 65}[g.rng.IntN(4)])
	case 1:
		g.arg(strconv.Itoa(g.rng.IntN(300)))
	default:
		g.arg("f" + strconv.Itoa(g.rng.IntN(12)))
	}
}

// element is a value of which there are few, so that some are found again, or any other.
func (g *generator) element() {
	if g.rng.IntN(3) > 0 {
		g.arg([]string{"a", "b", "c", "1", "-1", "300", "007", ""}[g.rng.IntN(8)])
		return
	}
	g.value()
}

// member is a member of a set: mostly one of a few integers or short texts, and sometimes too long for a listpack.
func (g *generator) member() {
	switch g.rng.IntN(10) {
	case 0:
		g.value()
	case 1:
		g.arg("m" + strconv.Itoa(g.rng.IntN(20)))
	case 2:
		g.text(60 + g.rng.IntN(8))
	default:
		g.arg(strconv.Itoa(g.rng.IntN(40) - 5))
	}
}

func (g *generator) integer() {
	switch g.rng.IntN(8) {
	case 0:
		g.arg(intEdges[g.rng.IntN(len(intEdges))])
	case 1:
		g.arg(strconv.FormatInt(int64(g.rng.Uint64())>>g.rng.IntN(64), 10))
	default:
		g.arg(strconv.Itoa(g.rng.IntN(40) - 10))
	}
}

func (g *generator) index() {
	if g.rng.IntN(30) == 0 {
		g.arg(intEdges[g.rng.IntN(len(intEdges))])
		return
	}
	g.arg(strconv.Itoa(g.rng.IntN(60) - 25))
}

func (g *generator) offset(most int, edges []string) {
	switch g.rng.IntN(25) {
	case 0:
		g.arg(edges[g.rng.IntN(len(edges))])
	case 1:
		g.arg(strconv.Itoa(g.rng.IntN(most)))
	default:
		g.arg(strconv.Itoa(g.rng.IntN(70)))
	}
}

func (g *generator) fieldType() {
	t := "iu"[g.rng.IntN(2)]
	width := 1 + g.rng.IntN(64)
	if g.rng.IntN(2) == 0 {
		width = []int{1, 2, 4, 5, 8, 16, 32, 63}[g.rng.IntN(8)]
	}
	if g.rng.IntN(40) == 0 {
		g.arg([]string{"u64", "i65", "u0", "i0", "x8", "u", "i-1", "", "U8", "u8x"}[g.rng.IntN(10)])
		return
	}
	g.begin()
	g.flat = append(g.flat, t)
	g.flat = strconv.AppendInt(g.flat, int64(width), 10)
	g.end()
}

func (g *generator) fieldOffset() {
	if g.rng.IntN(40) == 0 {
		g.arg([]string{"-1", "#-1", "#", "x", "", "#x", "9223372036854775807", "#9223372036854775807", "4294967296", "# 1"}[g.rng.IntN(10)])
		return
	}
	g.begin()
	if g.rng.IntN(3) == 0 {
		g.flat = append(g.flat, '#')
		g.flat = strconv.AppendInt(g.flat, int64(g.rng.IntN(8)), 10)
	} else {
		g.flat = strconv.AppendInt(g.flat, int64(g.rng.IntN(200)), 10)
	}
	g.end()
}

// farTime is an absolute time in units of 1/perSecond s, decades from now.
func (g *generator) farTime(perSecond int64) {
	if g.rng.IntN(30) == 0 {
		g.arg([]string{"0", "-1", "x", "", "9223372036854775807", "1.5", "-9223372036854775808"}[g.rng.IntN(7)])
		return
	}
	g.begin()
	g.flat = strconv.AppendInt(g.flat, (5_000_000_000+int64(g.rng.IntN(5))*100_000_000)*perSecond, 10)
	g.end()
}
