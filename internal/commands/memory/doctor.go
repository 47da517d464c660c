package memory

import (
	"fmt"
	"strings"

	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/ledger"
)

// small is used_memory below which ratios say more about the process than about the data.
const small = 5 << 20

// finding is what the doctor looks for: when it holds, what is said about it. What is said names the bytes, where they
// are, and what to do.
type finding struct {
	holds func(r *command.MemoryReport, env *command.Env) bool
	say   func(r *command.MemoryReport, env *command.Env) string
}

var findings = []finding{
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			return r.Ledger.RSS > 0 && r.Ledger.RSS < r.Used/100*97
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Not in RAM: %s of what is allocated is not resident. If the machine swaps, a disk serves what RAM should: add memory, spread the data, or store less. If it does not, the memory was never written (large bitmaps, requests that have not arrived) and nothing is wrong.",
				info.Human(r.Ledger.Untouched))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool { return r.Peak.Used > r.Used+r.Used/2 },
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Peak: at its peak the server used %s, now %s. Plan for the peak; used_memory_peak_time says when it was.",
				info.Human(r.Peak.Used), info.Human(r.Used))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool { return r.FragBytes() > r.Allocated()/10 },
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Fragmentation: %s of %s in slabs and pages is in no block: %s free in slabs, %s ends of pages. Values of the same sizes use it again, and %s. MEMORY MAP shows the slabs and what pins them.",
				info.Human(r.FragBytes()), info.Human(r.Active()),
				info.Human(r.Ledger.Lines[ledger.LineSlabs]), info.Human(r.Ledger.Lines[ledger.LineTails]),
				map[bool]string{true: "active defragmentation empties sparse slabs", false: "CONFIG SET activedefrag yes has sparse slabs emptied"}[env.Config.ActiveDefrag])
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			return r.FreePages() > 10<<20 && r.FreePages() > r.Active()/10
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Free pages: %s is free and still resident. It goes back to the system when nobody needs it for a while, or at once with MEMORY PURGE.",
				info.Human(r.FreePages()))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			n := r.Ledger.Part(ledger.PartProcess)
			return n > 64<<20 && n > r.Used/4
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Process: the process itself holds %s, of which %s objects of the Go heap, %s free and not yet returned, %s stacks. Many connections, TLS and scripts are the usual causes; MEMORY PURGE returns what is free.",
				info.Human(r.Ledger.Part(ledger.PartProcess)), info.Human(r.Ledger.Lines[ledger.LineGoObjects]),
				info.Human(r.Ledger.Lines[ledger.LineGoUnused]+r.Ledger.Lines[ledger.LineGoIdle]), info.Human(r.Ledger.Lines[ledger.LineGoStacks]))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool {
			n := int64(env.Clients.Len())
			return n > 0 && r.Clients/n > 200<<10
		},
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Client buffers: %d clients hold %s. Look for large omem and qbuf in CLIENT LIST: clients that do not read their replies or send very large requests. client-output-buffer-limit and maxmemory-clients bound them.",
				env.Clients.Len(), info.Human(r.Clients))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			n := r.Scripts + r.Function
			return n > 16<<20 && n > r.Used/10
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Scripts: scripts and functions hold %s. Applications that put values into the text of EVAL load a new script each time: pass them as arguments. SCRIPT FLUSH frees what is cached.",
				info.Human(r.Scripts+r.Function))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool {
			return env.Config.MaxMemory > 0 && r.Used > env.Config.MaxMemory/10*9
		},
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Limit: %s of maxmemory %s is in use, of which %s data and %s buffers.", info.Human(r.Used),
				info.Human(env.Config.MaxMemory), info.Human(r.Ledger.Part(ledger.PartData)), info.Human(r.Ledger.Part(ledger.PartBuffers)))
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			return r.Ledger.CgroupLimit > 0 && r.Ledger.Cgroup > r.Ledger.CgroupLimit/10*9
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Container: its memory cgroup is charged with %s of %s; beyond, the kernel kills. Page cache is in that figure and gives way, resident memory (%s) does not.",
				info.Human(r.Ledger.Cgroup), info.Human(r.Ledger.CgroupLimit), info.Human(r.Ledger.RSS))
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool { return env.Keys.Pending() > 0 },
		func(r *command.MemoryReport, env *command.Env) string {
			return fmt.Sprintf("Lazy freeing: %d objects are removed and not yet given back; that goes on by itself.", env.Keys.Pending())
		},
	},
	{
		func(r *command.MemoryReport, env *command.Env) bool {
			n, _ := env.Dead.Last.Total()
			return n > 1<<20 && n > r.Used/20
		},
		func(_ *command.MemoryReport, env *command.Env) string {
			n, most := env.Dead.Last.Total()
			return fmt.Sprintf("Dead memory: the last look found %s that serve nobody, most of them of the kind %s. MEMORY DEAD FREE gives them back, and memory-reclaim-dead does it in the background.",
				info.Human(n), most)
		},
	},
	{
		func(r *command.MemoryReport, _ *command.Env) bool {
			u := r.Ledger.Unexplained
			return max(u, -u) > max(r.Ledger.RSS/100, 4<<20)
		},
		func(r *command.MemoryReport, _ *command.Env) string {
			return fmt.Sprintf("Unexplained: the lines of the ledger and the kernel differ by %s of %s. Right after large changes that passes within seconds; if it stays, it is a bug worth reporting with the output of MEMORY LEDGER.",
				info.Human(r.Ledger.Unexplained), info.Human(r.Ledger.RSS))
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
	l := &r.Ledger
	head := fmt.Sprintf("In use %s, resident %s: data %s, buffers %s, process %s, fragmentation %s; fragmentation ratio %.2f.\n",
		info.Human(r.Used), info.Human(l.RSS), info.Human(l.Part(ledger.PartData)), info.Human(l.Part(ledger.PartBuffers)),
		info.Human(l.Part(ledger.PartProcess)), info.Human(l.Part(ledger.PartFragmentation)), r.Fragmentation())
	if said == nil {
		return head + "No memory problem found.\n"
	}
	return head + strings.Join(said, "\n") + "\n"
}
