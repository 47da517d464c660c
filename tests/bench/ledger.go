package main

import (
	"fmt"
	"strings"
	"time"

	"granary/tests/live"
)

// ledgerBytes is how much data the ledger is held against the kernel with.
const ledgerBytes = 1 << 30

// measureLedger loads a gigabyte of data of all types, churns it and lets it go, and compares the ledger's four parts with the
// resident size at each stage. Other servers have no ledger: they are not measured.
func measureLedger(o *options, all []contender) (string, error) {
	s, err := live.Start(all[0].name, all[0].path)
	if err != nil {
		return "", err
	}
	defer s.Stop()
	c, err := s.Dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.Timeout = 2 * time.Minute
	size := int64(float64(ledgerBytes) * o.scale)
	m := live.NewMixed(c, 1)
	var b strings.Builder
	fmt.Fprintf(&b, "What the ledger says and what the kernel says (`used_memory_rss`), in MB, with data of all types and sizes: filled to %d MB "+
		"of used_memory, half of the keys overwritten with values of other sizes and types, 60%% of them deleted, filled again, half of it evicted (allkeys-lru), all "+
		"given back that can be, all deleted. At once: "+
		"right after the last reply. Settled: three seconds after memory was given back. Unexplained is the resident size less the four parts; it is to be below "+
		"1%% when settled.\n\n%s\n", size>>20, live.MemoryHead)
	row := func(what string, settled bool) error {
		now, err := live.ReadMemory(c)
		if err != nil {
			return err
		}
		text := live.MemoryRow(what, now)
		if off := now.Off(); settled && (off > 1 || off < -1) {
			text = strings.Replace(text, fmt.Sprintf("(%.2f%%)", off), fmt.Sprintf("**(%.2f%%)**", off), 1)
		}
		fmt.Println(text)
		b.WriteString(text + "\n")
		return nil
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"start", func() error { return nil }},
		{"load", func() error { return m.Fill(size) }},
		{"churn", func() error { return m.Overwrite(0.5) }},
		{"delete", func() error { return m.Delete(0.6) }},
		{"load again", func() error { return m.Fill(size) }},
		{"eviction of half", func() error { return evictTo(c, size/2) }},
		{"MEMORY RELEASE", func() error { _, err := c.Do("MEMORY", "RELEASE", "0", "20000"); return err }},
		{"FLUSHALL", func() error { _, err := c.Do("FLUSHALL"); return err }},
	} {
		if err := step.do(); err != nil {
			return "", fmt.Errorf("%s: %w", step.name, err)
		}
		if err := row(step.name+", at once", false); err != nil {
			return "", err
		}
		if err := live.Settle(c, time.Minute); err != nil {
			return "", err
		}
		if err := row(step.name+", settled", true); err != nil {
			return "", err
		}
		d, r, err := live.Audit(c)
		if err != nil || d != 0 {
			return "", fmt.Errorf("%s: MEMORY AUDIT: difference %d, error %v\n%s", step.name, d, err, r)
		}
	}
	b.WriteString("\nMEMORY AUDIT found no byte of difference after any of the stages.\n")
	return b.String(), nil
}

// evictTo has keys evicted until the server uses no more than size, and sets it free again.
func evictTo(c *live.Conn, size int64) error {
	for _, args := range [][]string{
		{"CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", fmt.Sprint(size)},
		{"SET", "one more", "value"},
	} {
		if r, err := c.Do(args...); err != nil || r.Kind == '-' {
			return fmt.Errorf("%v: %s, %w", args, r, err)
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		now, err := live.ReadMemory(c)
		if err != nil {
			return err
		}
		if now.Used <= size {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("used_memory stays at %d, maxmemory is %d", now.Used, size)
		}
	}
	_, err := c.Do("CONFIG", "SET", "maxmemory", "0")
	return err
}
