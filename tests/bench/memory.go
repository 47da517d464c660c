package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// dataRow is one data set: so many keys, all alike.
type dataRow struct {
	name    string
	command func(dst []byte, i int) []byte
	payload int // bytes of key and value that the user stored
}

// fixed makes key number i of the given length.
func fixed(prefix string, length, i int) string {
	digits := strconv.Itoa(i)
	return prefix + strings.Repeat("0", length-len(prefix)-len(digits)) + digits
}

func setRow(name string, keyLen, valueLen int, more ...string) dataRow {
	value := strings.Repeat("v", valueLen)
	return dataRow{name, func(dst []byte, i int) []byte {
		args := append([]string{"SET", fixed("k", keyLen, i), value}, more...)
		return live.AppendCommand(dst, args...)
	}, keyLen + valueLen}
}

var dataRows = []dataRow{
	setRow("15-byte key, 32-byte value", 15, 32),
	setRow("9-byte key, 8-byte value", 9, 8),
	setRow("15-byte key, 32-byte value, time to live", 15, 32, "EX", "10000000"),
	{"11-byte key, integer value of 10 digits", func(dst []byte, i int) []byte {
		return live.AppendCommand(dst, "SET", fixed("k", 11, i), strconv.Itoa(1_000_000_000+i))
	}, 11 + 10},
	setRow("15-byte key, 100-byte value", 15, 100),
}

// measureMemory loads each row into fresh servers.
func measureMemory(o *options, all []contender) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "Bytes per key with %d keys of one kind in a fresh server: growth of used_memory, and of resident memory (VmRSS).\n\n", o.keys)
	head, line := "| data | payload |", "|---|---|"
	for _, c := range all {
		head += fmt.Sprintf(" %s used | resident |", c.name)
		line += "---|---|"
	}
	for _, c := range all[1:] {
		head += fmt.Sprintf(" used, ratio to %s |", c.name)
		line += "---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for _, row := range dataRows {
		fmt.Fprintf(&b, "| %s | %d |", row.name, row.payload)
		var used []float64
		for _, c := range all {
			u, rss, err := bytesPerKey(c, row, o.keys)
			if err != nil {
				return "", fmt.Errorf("%s, %s: %w", c.name, row.name, err)
			}
			used = append(used, u)
			fmt.Fprintf(&b, " %.1f | %.1f |", u, rss)
		}
		for _, u := range used[1:] {
			fmt.Fprintf(&b, " %.2f |", used[0]/u)
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func bytesPerKey(c contender, row dataRow, keys int) (used, resident float64, err error) {
	s, err := live.Start(c.name, c.path)
	if err != nil {
		return 0, 0, err
	}
	defer s.Stop()
	// A command's first call allocates its statistics, which are no part of the data.
	if err := load(s, row, 0, 1, 1, nil); err != nil {
		return 0, 0, err
	}
	if err := do(s, "FLUSHALL"); err != nil {
		return 0, 0, err
	}
	usedBefore, err := stableUsed(s)
	if err != nil {
		return 0, 0, err
	}
	rssBefore, err := residentBytes(s.Pid())
	if err != nil {
		return 0, 0, err
	}
	if err := load(s, row, 0, keys, 256, nil); err != nil {
		return 0, 0, err
	}
	usedAfter, err := stableUsed(s)
	if err != nil {
		return 0, 0, err
	}
	rssAfter, err := residentBytes(s.Pid())
	return float64(usedAfter-usedBefore) / float64(keys), float64(rssAfter-rssBefore) / float64(keys), err
}

// load sends row's commands for keys from..to-1 in pipelines of depth commands and checks that each answers +OK.
// each, if not nil, is called after every pipeline.
func load(s *live.Server, row dataRow, from, to, depth int, each func(done int) error) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	var out, reply []byte
	for from < to {
		n := min(depth, to-from)
		out = out[:0]
		for i := range n {
			out = row.command(out, from+i)
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
		for range n {
			if reply, err = c.ReadRaw(reply[:0]); err != nil {
				return err
			}
			if string(reply) != "+OK\r\n" {
				return fmt.Errorf("a write answered %q", reply)
			}
		}
		from += n
		if each != nil {
			if err := each(from); err != nil {
				return err
			}
		}
	}
	return nil
}

func do(s *live.Server, args ...string) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.Do(args...)
	if err == nil && r.Kind == '-' {
		err = fmt.Errorf("%v: %s", args, r.Str)
	}
	return err
}

// stableUsed waits until used_memory stops moving: background work is done, and so is the rehashing that a server does
// in its idle time or on reads.
func stableUsed(s *live.Server) (int64, error) {
	var last int64
	for same, tries := 0, 0; same < 5; tries++ {
		if tries > 600 {
			return 0, fmt.Errorf("used_memory of %s does not settle", s.Name)
		}
		n, err := infoInt(s, "memory", "used_memory")
		if err != nil {
			return 0, err
		}
		if n == last {
			same++
		} else {
			same = 0
		}
		last = n
		time.Sleep(100 * time.Millisecond)
	}
	return last, nil
}

// measureIdle looks at servers that nobody has talked to but the one connection that reads INFO.
func measureIdle(_ *options, all []contender) (string, error) {
	var b strings.Builder
	b.WriteString("A server two seconds after its start, in MB (10^6 bytes).\n\n| | used_memory | resident |\n|---|---|---|\n")
	for _, c := range all {
		s, err := live.Start(c.name, c.path)
		if err != nil {
			return "", err
		}
		time.Sleep(2 * time.Second)
		used, err := infoInt(s, "memory", "used_memory")
		if err != nil {
			s.Stop()
			return "", err
		}
		rss, err := residentBytes(s.Pid())
		s.Stop()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %.2f | %.1f |\n", c.name, float64(used)/1e6, float64(rss)/1e6)
	}
	return b.String(), nil
}
