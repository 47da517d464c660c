package memory

import (
	"fmt"
	"strings"

	"granary/internal/command"
	"granary/internal/info"
)

// small is used_memory below which ratios say more about the process than about the data.
const small = 5 << 20

// finding is what the doctor looks for: when it holds, what is said about it.
type finding struct {
	holds func(r *command.MemoryReport, env *command.Env) bool
	say   func(r *command.MemoryReport, env *command.Env) string
}

var findings = []finding{
	{
		func(r *command.MemoryReport, _ *command.Env) bool { return r.Peak.Used > r.Used+r.Used/2 },
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Peak: at its peak the server used %s, now %s. Ratios against resident memory look worse than they are for as long as free pages are kept; MEMORY PURGE gives them back.",
				info.Human(r.Peak.Used), info.Human(r.Used))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool { return command.Share(r.Stats.Active, r.Used) > 1.1 },
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Fragmentation: of %s in slabs and large blocks %s is free or in the ends of pages. It is used again by values of the same sizes; MEMORY MALLOC-STATS shows in which size classes it lies.",
				info.Human(r.Stats.Active), info.Human(r.Stats.Active-r.Used))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			return command.Share(r.Stats.Resident, r.Stats.Active) > 1.1 && r.Stats.Dirty > 10<<20
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Free pages: %s is free and still resident. It goes back to the system when nobody needs it for a while, or at once with MEMORY PURGE.",
				info.Human(r.Stats.Dirty))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			return r.Process.GoTotal > 64<<20 && r.Process.GoTotal > r.Used/4
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Process: the Go runtime holds %s, which has nothing to do with data. Very many connections are the usual cause.",
				info.Human(r.Process.GoTotal))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool {
			n := int64(env.Clients.Len())
			return n > 0 && r.Clients/n > 200<<10
		},
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Client buffers: %d clients hold %s. Look for large omem and qbuf in CLIENT LIST: clients that do not read their replies or send very large requests.",
				env.Clients.Len(), info.Human(r.Clients))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool {
			return env.Config.MaxMemory > 0 && r.Used > env.Config.MaxMemory/10*9
		},
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Limit: %s of maxmemory %s is in use.", info.Human(r.Used), info.Human(env.Config.MaxMemory))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool { return env.Keys.Pending() > 0 },
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Lazy freeing: %d objects are removed and not yet given back.", env.Keys.Pending())
		},
	},
}

// cmdMemoryDoctor answers MEMORY DOCTOR.
func cmdMemoryDoctor(c *command.Ctx) {
	r := c.Env.ReadMemory()
	c.Out.Verbatim(diagnose(&r, c.Env), "txt")
}

func diagnose(r *command.MemoryReport, env *command.Env) string {
	if r.Used < small {
		return fmt.Sprintf("The server uses %s: too little to say anything about.\n", info.Human(r.Used))
	}
	var said []string
	for _, f := range findings {
		if f.holds(r, env) {
			said = append(said, "* "+f.say(r, env))
		}
	}
	head := fmt.Sprintf("In use %s (data %.1f%%), resident %s, fragmentation ratio %.2f.\n",
		info.Human(r.Used), 100*r.DatasetShare(), info.Human(r.Process.Resident), r.Fragmentation())
	if said == nil {
		return head + "No memory problem found.\n"
	}
	return head + strings.Join(said, "\n") + "\n"
}
