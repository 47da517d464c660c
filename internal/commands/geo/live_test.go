package geo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	stringcmds "granary/internal/commands/strings"
	"granary/internal/commands/zsets"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, over RESP2 and RESP3, and demands the same replies,
// events, effects and counts of changes: the order of what is not sorted and the last digit included.
func TestSameAsRedis(t *testing.T) {
	for _, proto := range []uint8{2, 3} {
		p := commandtest.NewPeer(t)
		s := commandtest.New(t, Register, zsets.Register, stringcmds.Register)
		s.Feed()
		p.Do("HELLO", strconv.Itoa(int(proto)))
		s.Proto(proto)
		for _, line := range lines {
			p.Same(s, strings.Fields(line)...)
		}
		if t.Failed() {
			return
		}
		seed := live.Seed(t)
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		n := 6000
		if testing.Short() {
			n = 1000
		}
		for range n {
			if p.Same(s, g.command()...); t.Failed() {
				return
			}
		}
	}
}

// lines are commands that chance would rarely make.
var lines = []string{
	"GEOADD g 200 0 a", "GEOADD g 1 89 a", "GEOADD g x 0 a", "GEOADD g 0 inf a", "GEOADD g 1 2", "GEOADD g NX XX 1 2 a", "GEOADD g NX CH XX", "GEOADD g 1 2 a 3", "GEOADD g NX CH 1",
	"GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "GEOADD g 13.361389 38.115556 Palermo", "GEOADD g CH XX 13.5 38.1 Palermo 1 1 nobody",
	"GEOADD g NX 1 1 Palermo 1 1 One", "GEOADD g 180 85.05112878 corner -180 -85.05112878 other", "ZRANGE g 0 -1", "ZSCORE g Palermo", "ZREM g corner",
	"GEOHASH g Palermo nobody One", "GEOHASH g", "GEOHASH nokey a", "GEOPOS g Palermo nobody One", "GEOPOS nokey a", "GEODIST g Palermo Catania", "GEODIST g Palermo Catania KM",
	"GEODIST g Palermo Catania x", "GEODIST g Palermo nobody", "GEODIST nokey a b", "GEODIST nokey a b x", "GEODIST g a b m m", "GEODIST g One One",
	"GEORADIUS g 15 37 x km", "GEORADIUS g 15 37 -1 km", "GEORADIUS g 15 37 1 x", "GEORADIUS g x 37 1 x", "GEORADIUS nokey 15 37 1 x", "GEORADIUS nokey 15 37 1 km",
	"GEORADIUS g 15 37 200 km WITHDIST STORE d", "GEORADIUS g 15 37 200 km COUNT 0", "GEORADIUS g 15 37 200 km COUNT x", "GEORADIUS g 15 37 200 km ANY", "GEORADIUS g 15 37 200 km COUNT", "GEORADIUS g 15 37 200 km FOO",
	"GEORADIUS_RO g 15 37 200 km STORE d", "GEORADIUS g 15 37 200 km FROMMEMBER x", "GEORADIUS g 15 37 200 km STORE d STOREDIST e", "ZRANGE e 0 -1", "GEORADIUS nokey 15 37 200 km STORE e", "GEORADIUS nokey 15 37 200 km STORE e",
	"GEORADIUS g 15 37 200 km", "GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH DESC", "GEORADIUS g 15 37 200 mi COUNT 1", "GEORADIUS g 15 37 0 m",
	"GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km", "GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km", "GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km", "GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 x",
	"GEOSEARCH g FROMLONLAT 15 37 ASC DESC ASC", "GEOSEARCH g BYBOX 1 1 km ASC ASC ASC", "geosearch g BYBOX 1 1 km ASC ASC ASC", "GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 km", "GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 1 km",
	"GEOSEARCH g FROMMEMBER One FROMMEMBER Palermo BYRADIUS 1 km", "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km", "GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 1 km", "GEOSEARCH g FROMMEMBER nobody BYRADIUS 1 km",
	"GEOSEARCH nokey FROMMEMBER nobody BYRADIUS 1 km", "GEOSEARCH nokey FROMMEMBER x ASC ASC ASC", "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km STOREDIST", "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km STORE d",
	"GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 1 1 km WITHDIST", "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST", "ZRANGE d 0 -1", "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1", "ZRANGE d 0 -1 WITHSCORES",
	"GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 1 1 m", "GEOSEARCHSTORE d nokey FROMLONLAT 15 37 BYBOX 1 1 m",
	"GEORADIUSBYMEMBER nokey x -1 km", "GEORADIUSBYMEMBER nokey x -1 km FOO", "GEORADIUSBYMEMBER g nobody 1 km", "GEORADIUSBYMEMBER g Palermo 200 km ASC WITHDIST", "GEORADIUSBYMEMBER_RO g Palermo 200 km", "GEORADIUSBYMEMBER_RO g Palermo 200 km STORE d",
	"SET str x", "GEOADD str 1 1 a", "GEODIST str a b", "GEOHASH str a", "GEOPOS str a", "GEORADIUS str x 1 1 km", "GEOSEARCH str FROMMEMBER a BYRADIUS 1 km", "GEOSEARCHSTORE str g FROMMEMBER Palermo BYRADIUS 1 km", "ZRANGE str 0 -1",
	"ZADD odd 0 zero 1 one 4503599627370495 last", "GEOPOS odd zero one last", "GEOSEARCH odd FROMLONLAT 0 0 BYRADIUS 20000 km",
}

type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) number(v float64) string { return strconv.FormatFloat(v, 'f', g.IntN(8), 64) }

func (g generator) lon() string {
	if g.IntN(4) == 0 {
		return g.number(12 + 4*g.Float64())
	}
	return g.number(g.Float64()*360 - 180)
}

func (g generator) lat() string {
	if g.IntN(4) == 0 {
		return g.number(36 + 4*g.Float64())
	}
	return g.number(g.Float64()*170 - 85)
}

func (g generator) member() string { return fmt.Sprint("m", g.IntN(200)) }

func (g generator) distance() []string {
	return []string{g.number([]float64{1, 100, 1000, 5000}[g.IntN(4)] * g.Float64()), g.one("km", "km", "mi")}
}

func (g generator) key() string { return g.one("g0", "g1") }

func (g generator) options(args []string, storing bool) []string {
	if !storing {
		for _, o := range []string{"WITHDIST", "WITHCOORD", "WITHHASH"} {
			if g.IntN(3) == 0 {
				args = append(args, o)
			}
		}
	}
	switch g.IntN(6) {
	case 0, 1:
		args = append(args, "ASC")
	case 2:
		args = append(args, "DESC")
	}
	switch g.IntN(5) {
	case 0:
		args = append(args, "COUNT", strconv.Itoa(1+g.IntN(20)))
	case 1:
		args = append(args, "COUNT", strconv.Itoa(1+g.IntN(20)), "ANY")
	}
	return args
}

func (g generator) command() []string {
	key := g.key()
	switch g.IntN(12) {
	case 0, 1, 2:
		args := []string{"GEOADD", key}
		for range 1 + g.IntN(3) {
			args = append(args, g.lon(), g.lat(), g.member())
		}
		return args
	case 3:
		return []string{"GEODIST", key, g.member(), g.member(), g.one("m", "km", "ft", "mi")}
	case 4:
		return []string{g.one("GEOHASH", "GEOPOS"), key, g.member(), g.member()}
	case 5:
		args := append([]string{"GEORADIUS", key, g.lon(), g.lat()}, g.distance()...)
		if g.IntN(3) == 0 {
			return append(g.options(args, true), "STORE", "d")
		}
		return g.options(args, false)
	case 6:
		return g.options(append([]string{g.one("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"), key, g.member()}, g.distance()...), false)
	case 7:
		return []string{"ZREM", key, g.member()}
	}
	storing := g.IntN(4) == 0
	args := []string{"GEOSEARCH", key}
	if storing {
		args = []string{"GEOSEARCHSTORE", "d", key}
	}
	if g.IntN(2) == 0 {
		args = append(args, "FROMMEMBER", g.member())
	} else {
		args = append(args, "FROMLONLAT", g.lon(), g.lat())
	}
	if g.IntN(2) == 0 {
		args = append(append(args, "BYRADIUS"), g.distance()...)
	} else {
		args = append(append(args, "BYBOX", g.number(1+3000*g.Float64())), g.distance()...)
	}
	return g.options(args, storing)
}
