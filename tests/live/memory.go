package live

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Memory is what INFO memory says of the ledger, in bytes.
type Memory struct {
	Used, RSS                             int64
	Data, Buffers, Process, Fragmentation int64
	Unexplained, Untouched                int64
}

// Sum returns the four parts together.
func (m Memory) Sum() int64 { return m.Data + m.Buffers + m.Process + m.Fragmentation }

// Off returns by how much the four parts differ from the resident size, per cent of it.
func (m Memory) Off() float64 { return 100 * float64(m.RSS-m.Sum()) / float64(m.RSS) }

// ReadMemory asks a server for its ledger.
func ReadMemory(c *Conn) (m Memory, err error) {
	r, err := c.Do("INFO", "memory")
	if err != nil {
		return m, err
	}
	fields := map[string]int64{}
	for _, line := range strings.Split(r.Str, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			fields[name] = n
		}
	}
	for name, to := range map[string]*int64{
		"used_memory": &m.Used, "used_memory_rss": &m.RSS, "ledger_data": &m.Data, "ledger_buffers": &m.Buffers,
		"ledger_process": &m.Process, "ledger_fragmentation": &m.Fragmentation,
		"ledger_unexplained": &m.Unexplained, "ledger_untouched": &m.Untouched,
	} {
		n, ok := fields[name]
		if !ok {
			return m, fmt.Errorf("INFO memory has no %s", name)
		}
		*to = n
	}
	return m, nil
}

// Audit has a server count its memory anew. It returns the bytes by which the count and the books differ, and the whole
// reply.
func Audit(c *Conn) (difference int64, reply Reply, err error) {
	r, err := c.Do("MEMORY", "AUDIT")
	if err != nil {
		return 0, r, err
	}
	for i := 0; i+1 < len(r.Elems); i += 2 {
		if r.Elems[i].Str == "difference" {
			n, err := strconv.ParseInt(r.Elems[i+1].Str, 10, 64)
			return n, r, err
		}
	}
	return 0, r, fmt.Errorf("MEMORY AUDIT has no difference: %s", r)
}

// CheckAudit fails the test if a server's books and its memory differ. NeedStart has every test end with it. A server that
// refuses to be asked, because it wants a password or is busy, is not asked.
func CheckAudit(t testing.TB, s *Server) {
	t.Helper()
	c, err := s.Dial()
	if err != nil {
		return // gone, or it listens elsewhere
	}
	defer c.Close()
	d, r, err := Audit(c)
	for try := 0; try < 10 && err == nil && d != 0; try++ {
		// What the server opens or closes just now (the memory history) is in the hands of a goroutine.
		time.Sleep(100 * time.Millisecond)
		d, r, err = Audit(c)
	}
	if r.Kind == '-' {
		for _, refusal := range []string{"NOAUTH", "NOPERM", "BUSY", "DENIED", "ERR max number of clients"} {
			if strings.HasPrefix(r.Str, refusal) {
				return
			}
		}
	}
	if err != nil || d != 0 {
		t.Errorf("%s: MEMORY AUDIT: difference %d, error %v\n%s", s.Name, d, err, r)
	}
}

// MemoryHead is the head of a table of MemoryRow.
const MemoryHead = "| after | used_memory | resident | data | buffers | process | fragmentation | unexplained |\n|---|---|---|---|---|---|---|---|"

// MemoryRow is a row of a table of ledgers, in MB.
func MemoryRow(what string, m Memory) string {
	mb := func(n int64) string { return strconv.FormatFloat(float64(n)/(1<<20), 'f', 2, 64) }
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s (%.2f%%) |", what, mb(m.Used), mb(m.RSS), mb(m.Data), mb(m.Buffers),
		mb(m.Process), mb(m.Fragmentation), mb(m.Unexplained), m.Off())
}

// Settle waits until the server has given back what it removed, and has looked at its memory since.
func Settle(c *Conn, most time.Duration) error {
	for deadline := time.Now().Add(most); ; time.Sleep(50 * time.Millisecond) {
		r, err := c.Do("INFO", "memory")
		if err != nil {
			return err
		}
		if strings.Contains(r.Str, "lazyfree_pending_objects:0\r\n") {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server is still freeing after %v", most)
		}
	}
	time.Sleep(2500 * time.Millisecond)
	return nil
}
