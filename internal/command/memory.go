package command

import (
	"time"

	"granary/internal/info"
	"granary/internal/ledger"
	"granary/internal/mem"
)

// MemoryReport is one look at the memory of the server: INFO memory, MEMORY STATS and MEMORY DOCTOR read it. All
// fields are of the same moment, and used_memory is exactly Dataset + Overhead, both sums over the books.
type MemoryReport struct {
	Used    int64 // usable bytes of all purposes
	Peak    Peak
	Startup int64 // Used when the server had started
	Keys    int64

	Dataset  int64 // what keys and values take: keyspace purposes but for the key tables
	Overhead int64 // everything else in Used
	Tables   int64 // key tables and the order in which keys expire
	Buffers  int64 // query buffers, reply buffers and what sessions keep, in Used
	Clients  int64 // all memory of all clients, that of the Go heap included
	MaxIn    int64 // the largest query buffer of a client
	MaxOut   int64 // the most output that waits for a client
	Backlog  int64
	Replicas int64 // buffers of replicas
	AOF      int64
	Snapshot int64
	Scripts  int64
	Function int64
	Loaded   ScriptReport

	Ledger  ledger.Ledger
	Process info.Process // what the Go runtime tells about itself
}

// overhead tells whether a purpose is not part of the data set although it belongs to the keyspace.
func overhead(p mem.Purpose) bool { return p == mem.PurposeTable || p == mem.PurposeExpire }

// ReadMemory looks at the memory of the server, and notes the peak.
func (e *Env) ReadMemory() MemoryReport {
	r := MemoryReport{Startup: e.Startup, Process: info.ReadProcess()}
	e.UpdateLedger()
	e.ReadLedger(&r.Ledger)
	b := &r.Ledger.Sums
	r.Used = r.Ledger.Used
	e.Stats.Memory.Note(r.Used, e.Keys.Now)
	r.Peak = e.Stats.Memory
	for i := range b.Purposes {
		p, n := mem.Purpose(i), b.Purposes[i].Usable
		switch {
		case p.Info().Keyspace && !overhead(p):
			r.Dataset += n
		default:
			r.Overhead += n
		}
	}
	of := func(p ...mem.Purpose) (n int64) {
		for _, p := range p {
			n += b.Purposes[p].Usable
		}
		return n
	}
	r.Tables = of(mem.PurposeTable, mem.PurposeExpire)
	r.Buffers = of(mem.PurposeQueryBuffer, mem.PurposeReplyBuffer, mem.PurposeClient, mem.PurposeMulti)
	r.Backlog = of(mem.PurposeBacklog)
	r.Replicas = of(mem.PurposeReplicaBuffer)
	r.AOF = of(mem.PurposeAOFBuffer)
	r.Snapshot = of(mem.PurposeSnapshotBuffer)
	r.Scripts = of(mem.PurposeScript)
	r.Function = of(mem.PurposeFunction)
	r.Loaded = e.ReadScripts()
	e.Ops.EachClient(func(c *Client) {
		r.Clients += c.Memory().Total
		in, out := c.Buffers()
		r.MaxIn, r.MaxOut = max(r.MaxIn, in), max(r.MaxOut, out)
	})
	for _, db := range e.Keys.DBs {
		r.Keys += int64(db.Len())
	}
	return r
}

// Share returns a part of a whole, 0 when there is no whole.
func Share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// DatasetShare returns the part of what is in use beyond the start that is data, 0 to 1.
func (r *MemoryReport) DatasetShare() float64 { return min(Share(r.Dataset, r.Used-r.Startup), 1) }

// Fragmentation returns resident memory per byte in use.
func (r *MemoryReport) Fragmentation() float64 { return Share(r.Ledger.RSS, r.Used) }

// Booked returns the usable bytes of all purposes under a heading.
func (r *MemoryReport) Booked(h mem.Heading) (n int64) {
	for p := range r.Ledger.Sums.Purposes {
		if mem.Purpose(p).Heading() == h {
			n += r.Ledger.Sums.Purposes[p].Usable
		}
	}
	return n
}

// Allocated returns the usable bytes of what is allocated in the range, whether it was ever written or not.
func (r *MemoryReport) Allocated() int64 { return r.Used - r.Ledger.Sums.Outside }

// Active returns Allocated, and the free room of slabs and pages in which something lives.
func (r *MemoryReport) Active() int64 { return r.Allocated() + r.FragBytes() }

// FragBytes returns the resident bytes of slabs and pages that are in no region.
func (r *MemoryReport) FragBytes() int64 {
	return r.Ledger.Lines[ledger.LineSlabs] + r.Ledger.Lines[ledger.LineTails]
}

// AllocatorResident returns Active, and the free pages that are kept.
func (r *MemoryReport) AllocatorResident() int64 { return r.Active() + r.FreePages() }

// FreePages returns the free pages that are kept.
func (r *MemoryReport) FreePages() int64 { return r.Ledger.Lines[ledger.LineDirty] }

// OutsideAllocator returns what is resident and neither allocated nor kept by the allocator for that: the process, and the
// allocator's records.
func (r *MemoryReport) OutsideAllocator() int64 {
	return r.Ledger.Part(ledger.PartProcess) + r.Ledger.Lines[ledger.LineMetadata]
}

// NotEvictable is the part of Used that evicting keys cannot make smaller and that does not count against maxmemory.
func (r *MemoryReport) NotEvictable() int64 { return r.Replicas + r.AOF }

// BytesPerKey returns what is in use beyond the start, per key.
func (r *MemoryReport) BytesPerKey() int64 {
	if r.Keys == 0 {
		return 0
	}
	return max(0, r.Used-r.Startup) / r.Keys
}

// UpdateLedger has the kernel asked anew what it holds, for who answers a question.
func (e *Env) UpdateLedger() { e.ledgerReader().Update() }

// ReadCgroup returns what the process's memory cgroup is charged with, by kind.
func (e *Env) ReadCgroup() ledger.CgroupStat { return e.ledgerReader().Cgroup() }

// SurveyLedger does a share of the asking in the background, and reports whether there is more to do soon.
func (e *Env) SurveyLedger(deadline time.Time) (more bool) {
	return e.ledgerReader().Background(deadline)
}

func (e *Env) ledgerReader() *ledger.Reader {
	if e.bill == nil {
		e.bill = ledger.NewReader()
	}
	return e.bill
}

// ReadLedger fills l with the memory of the process at this moment. It takes no memory, and some tens of microseconds.
func (e *Env) ReadLedger(l *ledger.Ledger) { e.ledgerReader().Read(l) }

// FinishReclaim gives back all memory that waits to be given back.
func (e *Env) FinishReclaim() {
	for !e.Keys.Reclaim(time.Now().Add(time.Second)) {
	}
}
