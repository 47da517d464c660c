package admin

import (
	"math"

	"granary/internal/command"
	"granary/internal/mem"
)

// debugDefrag answers DEBUG DEFRAG [ALWAYS units]: it moves everything that compaction can move, whether it helps or not,
// and says how many regions moved; or has so many units of that done before every command from now on, 0 for none.
func debugDefrag(c *command.Ctx) {
	switch {
	case len(c.Args) == 2:
		ks := c.Keys()
		ks.StopDefrag()
		moved := ks.DefragUnits(1, true)
		for ks.Defragmenting() {
			moved += ks.DefragUnits(1, true)
		}
		c.Out.Int(moved)
	case len(c.Args) == 4 && command.Is(c.Args[2], "always"):
		n, ok := c.Int(c.Args[3])
		if !ok {
			return
		}
		if n < 0 || n > math.MaxInt32 {
			c.Out.Error(errDebugUnits)
			return
		}
		c.Env.DefragAlways(int(n))
		c.Out.OK()
	default:
		c.SyntaxError()
	}
}

const errDebugUnits = "ERR the number of units is out of range"

// mallctls are the values of jemalloc's tree of names that have a counterpart here.
var mallctls = map[string]func(s *mem.Stats) int64{
	"arenas.page":     func(*mem.Stats) int64 { return mem.PageSize },
	"stats.allocated": func(s *mem.Stats) int64 { return s.Books.Total.Usable - s.Books.Outside },
	"stats.active":    func(s *mem.Stats) int64 { return s.Active },
	"stats.resident":  func(s *mem.Stats) int64 { return s.Resident },
	"stats.mapped":    func(s *mem.Stats) int64 { return s.Mapped },
	"stats.retained":  func(s *mem.Stats) int64 { return s.Retained },
	"stats.metadata":  func(s *mem.Stats) int64 { return s.Metadata },
}

// debugMallctl answers DEBUG MALLCTL name with a number of the allocator under jemalloc's name of it.
func debugMallctl(c *command.Ctx) {
	get := mallctls[string(c.Args[2])]
	if get == nil {
		c.Out.Error("ERR No such file or directory")
		return
	}
	s := mem.ReadStats()
	c.Out.Int(get(&s))
}
