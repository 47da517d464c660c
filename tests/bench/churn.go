package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// What memory a server keeps that it does not need, after data of mixed sizes has come and gone: fill to 2 GB, delete 60 %
// at random, fill up again with other sizes, twice, and then delete half. Keys are strings of many lengths and, one of ten,
// hashes, lists, sets and sorted sets; one hash and one sorted set are large, and lose their share of elements.

const (
	churnBytes  = 2 << 30
	churnBatch  = 40_000 // requests between two looks at used_memory
	churnLarge  = 200_000
	churnWait   = 2 * time.Minute // at most, for memory to come back
	churnSettle = 2 * time.Second // without a change: it has
	flushWait   = 10 * time.Second
)

// churner is the data of one server.
type churner struct {
	s    *live.Server
	r    *rand.Rand
	keys []churnKey
	next int // number of the next key
	want int64
	body string
}

// churnKey is a key that is there.
type churnKey uint32

func (k churnKey) append(dst []byte) []byte { return appendNumbered(dst, "key:", 14, int(k)) }

// churnSizes are the lengths of strings, of each generation others.
var churnSizes = [3][]int{
	{8, 24, 40, 80, 120, 300, 700, 1500, 3000},
	{16, 30, 60, 100, 200, 420, 1000, 2200, 5000},
	{12, 35, 52, 140, 170, 250, 560, 1900, 3900},
}

// write appends the request that makes a key.
func (c *churner) write(dst []byte, k churnKey, gen int) []byte {
	sizes := churnSizes[gen]
	size := sizes[c.r.IntN(len(sizes))]
	value := c.body[:size-c.r.IntN(size/4)]
	if c.r.IntN(10) > 0 {
		return appendWord(k.append(appendWord(appendHead(dst, 3), "SET")), value)
	}
	kind, n := c.r.IntN(4), 2+c.r.IntN(60)
	if c.r.IntN(50) == 0 {
		n *= 20
	}
	element := value[:min(len(value), 40+c.r.IntN(60))]
	per, name := 1, [4]string{"HSET", "ZADD", "SADD", "RPUSH"}[kind]
	if kind < 2 {
		per = 2
	}
	dst = k.append(appendWord(appendHead(dst, 2+per*n), name))
	for i := range n {
		switch kind {
		case 0:
			dst = appendWord(appendNumbered(dst, "field", 10, i), element)
		case 1:
			dst = appendNumbered(appendInt(dst, c.r.IntN(1000)), "member", 6+len(element)/4+8, i)
		default:
			dst = appendNumbered(dst, element[:len(element)/2], len(element)/2+8, i)
		}
	}
	return dst
}

// grow adds keys until used_memory is as wanted.
func (c *churner) grow(gen int) error {
	for {
		used, err := infoInt(c.s, "memory", "used_memory")
		if err != nil || used >= c.want {
			return err
		}
		err = fill(c.s, churnBatch, func(dst []byte, _ int) []byte {
			k := churnKey(c.next)
			c.next++
			c.keys = append(c.keys, k)
			return c.write(dst, k, gen)
		})
		if err != nil {
			return err
		}
	}
}

// large fills the large values.
func (c *churner) large(n int) error {
	if err := fillCollection(c.s, hashes("f:", 12, 30), "large hash", n); err != nil {
		return err
	}
	return fillCollection(c.s, zsets("m:", 13, inOrder), "large zset", n)
}

// drop deletes a share of all keys and elements at random.
func (c *churner) drop(share float64, large int) error {
	var gone []churnKey
	kept := c.keys[:0]
	for _, k := range c.keys {
		if c.r.Float64() < share {
			gone = append(gone, k)
		} else {
			kept = append(kept, k)
		}
	}
	c.keys = kept
	c.r.Shuffle(len(gone), func(i, j int) { gone[i], gone[j] = gone[j], gone[i] })
	err := fill(c.s, len(gone), func(dst []byte, i int) []byte {
		return gone[i].append(appendWord(appendHead(dst, 2), "DEL"))
	})
	if err != nil {
		return err
	}
	return fill(c.s, 2*large, func(dst []byte, i int) []byte {
		name, key, prefix, length := "HDEL", "large hash", "f:", 12
		if i%2 == 1 {
			name, key, prefix, length = "ZREM", "large zset", "m:", 13
		}
		k := i / 2
		if c.r.Float64() >= share {
			k = large // was never there
		}
		return appendNumbered(appendWord(appendWord(appendHead(dst, 3), name), key), prefix, length, k)
	})
}

// churnState is memory at one moment.
type churnState struct{ used, rss int64 }

func (s churnState) ratio() float64 { return float64(s.rss) / float64(s.used) }

func (s churnState) String() string {
	return fmt.Sprintf("%.0f / %.0f = %.3f", float64(s.rss)/1e6, float64(s.used)/1e6, s.ratio())
}

func stateOf(s *live.Server) (c churnState, err error) {
	if c.used, err = infoInt(s, "memory", "used_memory"); err != nil {
		return c, err
	}
	c.rss, err = residentBytes(s.Pid())
	return c, err
}

// settleMemory waits until resident memory falls no more and no defragmentation is running.
func settleMemory(s *live.Server) (c churnState, took time.Duration, err error) {
	began := time.Now()
	changed, least := began, int64(1)<<62
	for time.Since(began) < churnWait {
		if c, err = stateOf(s); err != nil {
			return c, 0, err
		}
		running, err := infoField(s, "memory", "active_defrag_running")
		if err != nil {
			return c, 0, err
		}
		if c.rss < least-least/1000 || running != "" && running != "0" {
			changed = time.Now()
		}
		least = min(least, c.rss)
		if time.Since(changed) >= churnSettle {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return c, changed.Sub(began), nil
}

// churned is what one server made of it.
type churned struct {
	idle, full, dropped, settled churnState
	took                         time.Duration // to settle
	restarted                    churnState
	restart                      time.Duration
	flushed                      time.Duration // until resident memory was within 30 MB of idle, 0: it was not
	after                        churnState
	defrag                       string // what active defragmentation did, or why there is none
}

// churn does the whole with one server. restart says that fragmentation is cured by saving, ending and loading.
func churn(c contender, bytes int64, seed uint64) (r churned, err error) {
	s, err := live.Start(c.name, c.path)
	if err != nil {
		return r, err
	}
	defer s.Stop()
	if r.idle, err = stateOf(s); err != nil {
		return r, err
	}
	x := &churner{s: s, r: rand.New(rand.NewPCG(seed, 5)), want: bytes, body: strings.Repeat("granary!", 1000)}
	large := int(churnLarge * bytes / churnBytes)
	if err = x.large(large); err != nil {
		return r, err
	}
	for gen := range 3 {
		if err = x.grow(gen); err != nil {
			return r, err
		}
		if gen < 2 {
			err = x.drop(0.6, large)
		} else if r.full, err = stateOf(s); err == nil {
			err = x.drop(0.5, large)
		}
		if err != nil {
			return r, err
		}
	}
	if r.dropped, err = stateOf(s); err != nil {
		return r, err
	}
	if r.settled, r.took, err = settleMemory(s); err != nil {
		return r, err
	}
	if r.defrag, err = defragWords(s); err != nil {
		return r, err
	}
	after := s
	if c.name != "granary" {
		if after, err = restart(c, s, &r); err != nil {
			return r, err
		}
		defer after.Stop()
	}
	return r, flush(after, &r)
}

// defragWords says what active defragmentation did.
func defragWords(s *live.Server) (string, error) {
	conn, err := s.Dial()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if reply, err := conn.Do("CONFIG", "SET", "activedefrag", "yes"); err != nil {
		return "", err
	} else if reply.Kind == '-' {
		return "CONFIG SET activedefrag yes: " + reply.Str, nil
	}
	hits, err := infoInt(s, "stats", "active_defrag_hits")
	if err != nil {
		return "", err
	}
	longest, err := infoInt(s, "memory", "active_defrag_longest_usec")
	return fmt.Sprintf("%d regions moved, longest slice %.2f ms", hits, float64(longest)/1000), err
}

// restart saves, ends and starts a server again with its data.
func restart(c contender, s *live.Server, r *churned) (*live.Server, error) {
	began := time.Now()
	conn, err := s.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.Timeout = 5 * time.Minute
	if reply, err := conn.Do("SAVE"); err != nil || reply.Kind == '-' {
		return nil, fmt.Errorf("SAVE: %v %s", err, reply.Str)
	}
	conn.Do("SHUTDOWN", "NOSAVE")
	again, err := live.Start(c.name, c.path, "--dir", s.Dir)
	if err != nil {
		return nil, err
	}
	for {
		loading, err := infoField(again, "persistence", "loading")
		if err != nil {
			return again, err
		}
		if loading == "0" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.restart = time.Since(began)
	r.restarted, err = stateOf(again)
	return again, err
}

// flush empties the server and waits for resident memory to follow.
func flush(s *live.Server, r *churned) error {
	conn, err := s.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.Timeout = time.Minute
	began := time.Now()
	if _, err := conn.Do("FLUSHALL"); err != nil {
		return err
	}
	for time.Since(began) < flushWait {
		if r.after, err = stateOf(s); err != nil {
			return err
		}
		if r.after.rss <= r.idle.rss+30e6 {
			r.flushed = time.Since(began)
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

const churnGoal = 1.03

func measureChurn(o *options, all []contender) (string, error) {
	bytes := int64(churnBytes * o.scale)
	var b strings.Builder
	fmt.Fprintf(&b, "Fill to %d MB of used_memory with keys of mixed sizes, delete 60 %% at random, fill up with other sizes, twice; then delete half. "+
		"Resident memory / used_memory in MB, and their ratio; the goal for Granary is %.2f, without a restart, and resident memory within 30 MB of "+
		"idle within 10 s of a FLUSHALL.\n\n", bytes>>20, churnGoal)
	b.WriteString("| | full | half deleted | settled | after | restarted | after | FLUSHALL, until within 30 MB of idle | defragmentation |\n|---|---|---|---|---|---|---|---|---|\n")
	var missed error
	for _, c := range all {
		r, err := churn(c, bytes, 1)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		restarted, took := "-", "-"
		if r.restart > 0 {
			restarted, took = r.restarted.String(), seconds(r.restart)
		}
		flushed := "not within 10 s: " + strconv.FormatInt(r.after.rss/1e6, 10) + " MB"
		if r.flushed > 0 {
			flushed = seconds(r.flushed)
		}
		line := fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", c.name, r.full, r.dropped, r.settled, seconds(r.took),
			restarted, took, flushed, r.defrag)
		fmt.Print(line)
		b.WriteString(line)
		if c.name == "granary" && o.scale == 1 && (r.settled.ratio() > churnGoal || r.flushed == 0) {
			missed = fmt.Errorf("granary misses the goal: %s settled, %s after FLUSHALL", r.settled, r.after)
		}
	}
	return b.String(), missed
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
