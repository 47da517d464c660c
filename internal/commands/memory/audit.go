package memory

import (
	"strconv"
	"time"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/object"
)

// specMemoryAudit is Granary's own.
var specMemoryAudit = &command.Spec{
	Name: "audit", Summary: "Count all memory anew and compare it with the books.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of keys, elements and clients", Arity: 2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Handler: cmdMemoryAudit,
}

// An audit is an account of all memory made from what holds it, to be held against the books, which were made from the
// allocations. Everything that allocates counts what it has: every entry of every database, the buffers of every connection,
// what sessions keep, and the structures of the server; and the allocator counts the regions in its slabs.
type audit struct {
	counted [mem.NumPurposes]int64 // usable bytes found
	booked  mem.Sums
	keys    int64
	unknown int64 // entries of a type that cannot be counted
	regions mem.Recount
	sums    [2]mem.Counted // running sums of the books: of keys, of everything

	prefixes int64 // by how much prefixes are off
}

func (a *audit) entry(e object.Entry) bool {
	a.keys++
	if !e.Blocks(a.block) {
		a.unknown++
	}
	return true
}

func (a *audit) block(p mem.Purpose, usable int) { a.counted[p] += int64(usable) }

func (a *audit) count(p mem.Purpose, usable int64) { a.counted[p] += usable }

// What other loops allocate while they are counted makes an audit count again. No number tells that nobody did: a loop that is stopped in
// the midst of booking leaves the lines of the books as they are, and their sum behind. So only a difference that lasts is reported.
const (
	auditTries = 20
	auditPause = time.Millisecond // between tries: loops go on, up to where they want the keyspace lock
)

// run counts everything. What has been removed and waits to be given back (lazyfree) is booked and in no database; it is
// given back first.
func (a *audit) run(env *command.Env) {
	env.FinishReclaim()
	for _, db := range env.Keys.DBs {
		db.Each(a.entry)
		// A table knows the sum of its blocks, the order of expiry included.
		a.counted[mem.PurposeTable] += db.TableBytes() - db.ExpireBytes()
		a.counted[mem.PurposeExpire] += db.ExpireBytes()
	}
	// Loops read and write meanwhile. Keys do not change.
	keys := a.counted
	a.prefixes, _ = env.Keys.AuditPrefixes()
	for try := range auditTries {
		if try > 0 {
			time.Sleep(auditPause)
		}
		a.counted = keys
		env.CountBuffers(a.count)
		env.CountOwn(a.count)
		a.regions = mem.CountAgain()
		mem.ReadSums(&a.booked)
		a.addUp(env)
		if a.difference() == 0 {
			return
		}
	}
}

// addUp holds the sums that are kept from allocation to allocation against the lines of the books.
func (a *audit) addUp(env *command.Env) {
	a.sums = [2]mem.Counted{{Booked: env.Keys.Arena.KeyBytes()}, {Booked: mem.Used()}}
	for p := range a.booked.Purposes {
		n := a.booked.Purposes[p].Usable
		a.sums[1].Counted += n
		if mem.Purpose(p).OfKey() {
			a.sums[0].Counted += n
		}
	}
}

// difference returns the sum of all differences, in bytes.
func (a *audit) difference() int64 {
	n := a.regions.Difference() + a.sums[0].Difference() + a.sums[1].Difference() + a.prefixes
	for p := range a.counted {
		d := a.booked.Purposes[p].Usable - a.counted[p]
		n += max(d, -d)
	}
	return n
}

// cmdMemoryAudit answers MEMORY AUDIT: a map of the keys seen, the sum of all differences, what was counted and booked for
// each purpose, and what the allocator's slabs and pages show beside its books.
func cmdMemoryAudit(c *command.Ctx) {
	var a audit
	a.run(c.Env)
	o := c.Out
	o.Map(5)
	o.BulkString("keys")
	o.Int(a.keys)
	o.BulkString("uncounted.keys")
	o.Int(a.unknown)
	o.BulkString("difference")
	o.Int(a.difference())
	o.BulkString("purposes")
	writeTree(c, a.purposes())
	o.BulkString("allocator")
	writeTree(c, a.allocator())
}

func (a *audit) purposes() []figure {
	rows := []figure{}
	for p := range mem.NumPurposes {
		b := a.booked.Purposes[p]
		if b.Usable == 0 && a.counted[p] == 0 {
			continue
		}
		rows = append(rows, figure{mem.Purpose(p).String(), 0, []figure{
			{"counted", a.counted[p], nil}, {"booked", b.Usable, nil}, {"blocks", b.Count, nil},
		}})
	}
	return rows
}

func (a *audit) allocator() []figure {
	pair := func(name string, c mem.Counted) figure {
		return figure{name, 0, []figure{{"counted", c.Counted, nil}, {"booked", c.Booked, nil}}}
	}
	r := &a.regions
	classes := []figure{}
	for _, c := range r.Classes {
		classes = append(classes, pair(strconv.Itoa(c.Size), c.Counted))
	}
	return []figure{
		pair("slabs", r.Slabs), pair("large", r.Large), pair("free-pages", r.Free),
		pair("key-bytes", a.sums[0]), pair("used_memory", a.sums[1]),
		{"prefixes", a.prefixes, nil},
		{"wrong-classes", 0, classes},
	}
}
