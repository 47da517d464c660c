package main

import (
	"fmt"
	"strings"
	"time"

	"granary/tests/live"
)

// dataSet is data of one kind, which memory is measured for.
type dataSet struct {
	name    string
	payload int     // bytes that the user stored in a unit
	most    float64 // bytes of used_memory of a unit that Granary is to stay below; 0: those of the others
	units   int     // how many are stored
	fill    func(s *live.Server, n int) error
}

const (
	keysStored     = 2_000_000
	hashesStored   = 300_000
	elementsStored = 2_000_000
)

func stringKeys(name string, most float64, keyLen, valueLen int, more ...string) dataSet {
	value := strings.Repeat("v", valueLen)
	return dataSet{name, keyLen + valueLen, most, keysStored, func(s *live.Server, n int) error {
		return fill(s, n, func(dst []byte, i int) []byte {
			dst = appendWord(appendNumbered(appendWord(appendHead(dst, 3+len(more)), "SET"), "k", keyLen, i), value)
			for _, w := range more {
				dst = appendWord(dst, w)
			}
			return dst
		})
	}}
}

func elements(name string, payload int, most float64, c collection) dataSet {
	return dataSet{name, payload, most, elementsStored, func(s *live.Server, n int) error { return fillCollection(s, c, "key", n) }}
}

// keySets are measured by the key.
var keySets = []dataSet{
	stringKeys("15-byte key, 32-byte value", 66, 15, 32),
	stringKeys("9-byte key, 8-byte value", 33, 9, 8),
	stringKeys("15-byte key, 32-byte value, time to live", 74, 15, 32, "EX", "10000000"),
	{"11-byte key, integer value of 10 digits", 11 + 10, 34, keysStored, func(s *live.Server, n int) error {
		return fill(s, n, func(dst []byte, i int) []byte {
			return appendInt(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "k", 11, i), 1_000_000_000+i)
		})
	}},
	stringKeys("15-byte key, 100-byte value", 152, 15, 100),
	{"14-byte key, hash of 10 fields of 6 bytes with 6-byte values", 14 + 120, 205, hashesStored, func(s *live.Server, n int) error {
		return fill(s, n, func(dst []byte, i int) []byte {
			dst = appendNumbered(appendWord(appendHead(dst, 2+2*10), "HSET"), "hash:", 14, i)
			for f := range 10 {
				dst = appendNumbered(appendNumbered(dst, "field", 6, f), "value", 6, f)
			}
			return dst
		})
	}},
}

// collectionSets are measured by the element of one large value.
var collectionSets = []dataSet{
	elements("hash, fields of 12 bytes with 7-byte values", 19, 34, hashes("f:", 12, 7)),
	elements("sorted set, members of 13 bytes", 21, 42, zsets("m:", 13, scattered(elementsStored))),
	elements("set, members of 13 bytes", 13, 25, sets("m:", 13)),
	elements("list, integers of 8 digits", 8, 0, lists("1", 8)),
	elements("list, elements of 10 bytes", 10, 0, lists("e:", 10)),
	elements("list, elements of 100 bytes", 100, 0, lists("e:", 100)),
	elements("list, elements of 1000 bytes", 1000, 0, lists("e:", 1000)).fewer(10),
	elements("list, elements of 5000 bytes", 5000, 0, lists("e:", 5000)).fewer(40),
	elements("stream, entries of one field, 5 bytes, with a 7-byte value", 12, 0, streams()),
}

func (d dataSet) fewer(by int) dataSet {
	d.units /= by
	return d
}

// measureMemory loads what is measured by the key.
func measureMemory(o *options, all []contender) (string, error) {
	table, err := measureSets(o, all, keySets)
	return fmt.Sprintf("Bytes per key with %d keys of one kind (%d hashes) in a fresh server: growth of used_memory, and of resident "+
		"memory (VmRSS). The goal is for Granary's used_memory.\n\n%s", o.scaled(keysStored), o.scaled(hashesStored), table), err
}

// measureCollections loads what is measured by the element.
func measureCollections(o *options, all []contender) (string, error) {
	table, err := measureSets(o, all, collectionSets)
	return fmt.Sprintf("Bytes per element of one value of %d elements (of long ones fewer) in a fresh server: growth of used_memory, and of "+
		"resident memory. The scores of the sorted set are integers in no order.\n\n%s", o.scaled(elementsStored), table), err
}

// measureSets loads each set into fresh servers.
func measureSets(o *options, all []contender, rows []dataSet) (string, error) {
	var b strings.Builder
	head, line := "| data | payload | goal |", "|---|---|---|"
	for _, c := range all {
		head += fmt.Sprintf(" %s used | resident |", c.name)
		line += "---|---|"
	}
	for _, c := range all[1:] {
		head += fmt.Sprintf(" used, ratio to %s |", c.name)
		line += "---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for _, row := range rows {
		var used []float64
		var cells string
		for _, c := range all {
			u, rss, err := bytesPerUnit(c, row, o.scaled(row.units))
			if err != nil {
				return "", fmt.Errorf("%s, %s: %w", c.name, row.name, err)
			}
			used = append(used, u)
			cells += fmt.Sprintf(" %.1f | %.1f |", u, rss)
		}
		text := fmt.Sprintf("| %s | %d | %s |%s", row.name, row.payload, goal(row.most), cells)
		for _, u := range used[1:] {
			bold := ""
			if row.most > 0 && used[0] > row.most || row.most == 0 && used[0] > u*1.005 {
				bold = "**"
			}
			text += fmt.Sprintf(" %s%.2f%s |", bold, used[0]/u, bold)
		}
		fmt.Println(text)
		b.WriteString(text + "\n")
	}
	return b.String(), nil
}

func goal(most float64) string {
	if most == 0 {
		return "the other's"
	}
	return fmt.Sprintf("%.0f", most)
}

func bytesPerUnit(c contender, row dataSet, n int) (used, resident float64, err error) {
	s, err := live.Start(c.name, c.path)
	if err != nil {
		return 0, 0, err
	}
	defer s.Stop()
	// A command's first call allocates its statistics, which are no part of the data.
	if err := row.fill(s, 1); err != nil {
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
	if err := row.fill(s, n); err != nil {
		return 0, 0, err
	}
	usedAfter, err := stableUsed(s)
	if err != nil {
		return 0, 0, err
	}
	rssAfter, err := residentBytes(s.Pid())
	return float64(usedAfter-usedBefore) / float64(n), float64(rssAfter-rssBefore) / float64(n), err
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
		line := fmt.Sprintf("| %s | %.2f | %.1f |\n", c.name, float64(used)/1e6, float64(rss)/1e6)
		fmt.Print(line)
		b.WriteString(line)
	}
	return b.String(), nil
}
