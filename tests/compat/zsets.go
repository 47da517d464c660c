package compat

import (
	"fmt"
	"strconv"
	"strings"

	"granary/tests/live"
)

// zsetRows call the commands on sorted sets. Ranges in the order of bytes are asked of sets whose scores are all equal
// (lexset): what Redis finds in others of the large form depends on the heights of its skip list, which are drawn at random.
var zsetRows = []row{
	{24, "ZADD (zset|zset|zset|key) {NX|XX|GT|LT|CH|INCR} (score member)...", exact},
	{6, "ZADD zset score member score member score member score member score member (score member)...", exact},
	{8, "ZADD lexset (0 member)...", exact},
	{12, "ZINCRBY (zset|zset|key) score member", exact},
	{10, "ZREM (zset|zset|lexset|key) member...", exact},
	{2, "ZREM zset member member member member member member member member...", exact},
	{2, "ZCARD (zset|key)", exact},
	{5, "ZSCORE (zset|zset|key) member", exact},
	{4, "ZMSCORE (zset|key) member...", exact},
	{8, "(ZRANK|ZREVRANK) (zset|zset|key) member", exact},
	{6, "ZCOUNT (zset|zset|key) bound bound", exact},
	{4, "ZLEXCOUNT (lexset|lexset|set) lex lex", exact},
	{10, "ZRANGE (zset|zset|key) idx idx {REV|WITHSCORES|LIMIT count count}", exact},
	{8, "ZRANGE (zset|zset|key) bound bound BYSCORE {REV|WITHSCORES|LIMIT idx idx|LIMIT count count}", exact},
	{6, "ZRANGE (lexset|lexset|set) lex lex BYLEX {REV|WITHSCORES|LIMIT idx idx|LIMIT count count}", exact},
	{4, "ZREVRANGE (zset|key) idx idx {WITHSCORES}", exact},
	{8, "(ZRANGEBYSCORE|ZREVRANGEBYSCORE) (zset|zset|key) bound bound {WITHSCORES|LIMIT count count}", exact},
	{5, "(ZRANGEBYLEX|ZREVRANGEBYLEX) (lexset|lexset|set) lex lex {LIMIT count count}", exact},
	{4, "ZRANGESTORE (zset|key) (zset|zset|key) idx idx {REV}", exact},
	{3, "ZRANGESTORE (zset|key) (zset|zset|key) bound bound BYSCORE {REV|LIMIT count count}", exact},
	{2, "ZRANGESTORE zset lexset lex lex BYLEX {REV|LIMIT count count}", exact},
	{2, "ZREMRANGEBYRANK (zset|zset|lexset|key) idx idx", exact},
	{2, "ZREMRANGEBYSCORE (zset|zset|key) bound bound", exact},
	{2, "ZREMRANGEBYLEX (lexset|lexset|set) lex lex", exact},
	{8, "(ZPOPMIN|ZPOPMAX) (zset|zset|key) [count]", exact},
	{5, "ZMPOP (1|2|2|2|3|idx) (zset|key) (zset|key) (MIN|MAX) {COUNT count}", exact},
	{2, "ZRANDMEMBER (zset|key)", sameKind},
	{2, "ZRANDMEMBER (zset|key) (0|100000|100000|word)", sorted},
	{2, "ZSCAN (zset|key) 0 COUNT 100000 {MATCH pat}", sorted},
	{8, "(ZUNION|ZINTER) 2 (zset|zset|set|key) (zset|zset|set) {WEIGHTS weight weight|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX|WITHSCORES}", exact},
	{4, "ZDIFF 2 (zset|zset|set|key) (zset|zset|set) {WITHSCORES}", exact},
	{8, "(ZUNIONSTORE|ZINTERSTORE) (zset|zset|key) 2 (zset|zset|set|key) (zset|zset|set) {WEIGHTS weight weight|AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX}", exact},
	{4, "ZDIFFSTORE (zset|zset|key) 2 (zset|zset|set|key) (zset|zset|set)", exact},
	{4, "ZINTERCARD (1|2|2|3|idx) (zset|set) (zset|key) {LIMIT idx}", exact},
	{6, "OBJECT ENCODING (zset|lexset)", exact},
	{3, "COPY zset zset REPLACE", exact},
	{2, "RENAME zset zset", exact},
	{1, "EXPIRE zset rsec", exact},
	{1, "DEL zset", exact},
	{1, "DEL lexset", exact},
}

// geoRows call the commands on places, of which no two are the same: which of equally distant ones come first when a count
// leaves some out is Redis's own business.
var geoRows = []row{
	{24, "GEOADD geo {NX|XX|CH} (lon lat place)...", exact},
	{4, "ZREM geo place...", exact},
	{8, "GEODIST (geo|geo|set) place place [unit]", exact},
	{4, "GEOHASH (geo|set) place...", exact},
	{4, "GEOPOS (geo|set) place...", exact},
	{12, "GEOSEARCH (geo|geo|set) (FROMMEMBER place|FROMLONLAT lon lat) (BYRADIUS dist unit|BYBOX dist dist unit) {ASC|DESC|COUNT count|COUNT count ANY|WITHCOORD|WITHDIST|WITHHASH}", exact},
	{4, "GEOSEARCHSTORE geo (geo|geo|set) (FROMMEMBER place|FROMLONLAT lon lat) (BYRADIUS dist unit|BYBOX dist dist unit) {ASC|COUNT count|WITHDIST}", exact},
	{8, "(GEORADIUS|GEORADIUS_RO) (geo|geo|set) lon lat dist unit {ASC|DESC|COUNT count|COUNT count ANY|WITHCOORD|WITHDIST|WITHHASH|STORE geo}", exact},
	{6, "(GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO) (geo|geo|set) place dist unit {ASC|DESC|COUNT count|WITHCOORD|WITHDIST|WITHHASH|STORE geo}", exact},
	{2, "OBJECT ENCODING geo", exact},
	{1, "DEL geo", exact},
}

var (
	zsets   = []string{"z0", "z1", "z2"} // keys that mostly hold sorted sets
	lexsets = []string{"lex0", "lex1"}   // keys of sorted sets whose scores are all 0
	geos    = []string{"g0", "g1"}       // keys that mostly hold places
	units   = []string{"m", "km", "km", "KM", "mi", "ft", "x"}
)

func init() {
	from := func(list []string) func(*generator) {
		return func(g *generator) { g.arg(list[g.rng.IntN(len(list))]) }
	}
	for name, fn := range map[string]func(*generator){
		"zset":   from(zsets),
		"lexset": from(lexsets),
		"geo":    from(geos),
		"unit":   from(units),
		"weight": from([]string{"1", "2", "0", "-1", "0.5", "3.14", "inf", "-inf", "x"}),
		"place":  func(g *generator) { g.arg(fmt.Sprint("p", g.rng.IntN(60))) },
		"lon":    func(g *generator) { g.coordinate(180) },
		"lat":    func(g *generator) { g.coordinate(85) },
		"dist":   func(g *generator) { g.arg(strconv.FormatFloat(float64(g.rng.IntN(5000))*g.rng.Float64(), 'f', 3, 64)) },
		"score":  (*generator).score,
		"bound":  (*generator).bound,
		"lex":    (*generator).lexBound,
	} {
		arguments[name] = fn
	}
}

func (g *generator) coordinate(most float64) {
	if g.rng.IntN(60) == 0 {
		g.arg([]string{"x", "", "200", "-90", "inf"}[g.rng.IntN(5)])
		return
	}
	v := (2*g.rng.Float64() - 1) * most
	if g.rng.IntN(2) == 0 {
		v = 10 + 5*g.rng.Float64()
	}
	g.arg(strconv.FormatFloat(v, 'f', g.rng.IntN(9), 64))
}

func (g *generator) score() {
	switch g.rng.IntN(16) {
	case 0:
		g.arg(floats[g.rng.IntN(len(floats))])
	case 1:
		edge := intEdges[g.rng.IntN(len(intEdges))]
		if edge == "-0" {
			edge = "0" // a listpack has no -0, and 7.0 has listpacks where later versions have none
		}
		g.arg(edge)
	case 2, 3:
		g.arg(strconv.FormatFloat(float64(g.rng.IntN(200)-100)/10, 'f', -1, 64))
	default:
		g.arg(strconv.Itoa(g.rng.IntN(40) - 10))
	}
}

// bound is an end of a range of scores.
func (g *generator) bound() {
	switch g.rng.IntN(8) {
	case 0:
		g.arg("-inf")
	case 1:
		g.arg("+inf")
	case 2:
		g.arg("(" + strconv.Itoa(g.rng.IntN(40)-10))
	default:
		g.score()
	}
}

// lexBound is an end of a range in the order of bytes.
func (g *generator) lexBound() {
	switch g.rng.IntN(8) {
	case 0, 1:
		g.arg("-")
	case 2, 3:
		g.arg("+")
	case 4:
		g.arg(words[g.rng.IntN(len(words))])
	default:
		g.flat = append(g.flat, "[("[g.rng.IntN(2)])
		g.member()
	}
}

// sameScores reports whether two replies of a command on sorted sets differ in the text of numbers only: Redis writes
// scores with 17 digits before 7.2, and as few as read back alike from then on. What is in no order may come in another.
func sameScores(args []string, redis, granary live.Reply) bool {
	name := strings.ToUpper(args[0])
	if !strings.HasPrefix(name, "Z") && !strings.HasPrefix(name, "BZ") && !strings.HasPrefix(name, "GEO") && name != "SORT" {
		return false
	}
	if name == "ZRANDMEMBER" && len(args) == 2 {
		return redis.Kind == granary.Kind && redis.Null == granary.Null // a row that lost its count
	}
	a, b := plainNumbers(redis), plainNumbers(granary)
	if name == "ZSCAN" || name == "ZRANDMEMBER" {
		a, b = a.Sorted(), b.Sorted()
	}
	return a.String() == b.String()
}

// plainNumbers writes all numbers of a reply in one way.
func plainNumbers(r live.Reply) live.Reply {
	if (r.Kind == '$' || r.Kind == ',') && !r.Null {
		if v, err := strconv.ParseFloat(r.Str, 64); err == nil {
			r.Str = strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	elems := make([]live.Reply, len(r.Elems))
	for i := range r.Elems {
		elems[i] = plainNumbers(r.Elems[i])
	}
	if r.Elems != nil {
		r.Elems = elems
	}
	return r
}
