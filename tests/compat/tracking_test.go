package compat

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// trackingFamilies are the commands that TestTracking draws from; their effects are compared by TestRandom.
const trackingFamilies = "strings,bitmaps,hyperloglog,hashes,lists,sets,zsets,geo,streams,generic"

// trackingModes are what a client may ask for with CLIENT TRACKING ON.
var trackingModes = []string{
	"", "", "NOLOOP", "OPTIN", "OPTOUT", "OPTIN NOLOOP", "BCAST", "BCAST NOLOOP", "BCAST PREFIX k1 PREFIX h", "BCAST PREFIX l NOLOOP",
}

// TestTracking has a client read and write with CLIENT TRACKING and another one write, on both servers, and compares after
// every command which keys the first is told to forget. The order of keys that one command changes means nothing. A mode
// lasts as long as its connection: turned off and on again, Redis still knows what was read before, and Granary does not.
func TestTracking(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	w, err := parseFamilies(trackingFamilies)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{paths: []string{live.NeedRedis(t), granary}}
	defer p.stop()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	seed := *flagSeed
	if seed == 0 {
		seed = live.Seed(t)
	}
	const length = 300
	told := 0
	for done := 0; done < *flagCommands/10; done += length {
		if err := p.track(w.history(seed, length), seed, &told); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		seed++
	}
	if told < *flagCommands/1000 {
		t.Errorf("only %d keys were to be forgotten", told)
	}
	t.Logf("%d keys were to be forgotten", told)
}

// tracked is both connections to one of the servers.
type tracked struct{ reader, writer *live.Conn }

// track runs a history, which by its seed has a mode, and commands of the one client and of the other.
func (p *pair) track(history []command, seed uint64, told *int) error {
	rng := rand.New(rand.NewPCG(seed, 0x7261636b))
	mode := trackingModes[rng.IntN(len(trackingModes))]
	var ends [2]tracked
	for i := range ends {
		for _, c := range []**live.Conn{&ends[i].reader, &ends[i].writer} {
			var err error
			if *c, err = p.servers[i].Dial(); err != nil {
				return err
			}
			defer (*c).Close()
		}
		for _, line := range []string{"FLUSHALL", "HELLO 3", "CLIENT TRACKING ON " + mode} {
			if r, err := ends[i].reader.Do(strings.Fields(line)...); err != nil || r.Kind == '-' {
				return fmt.Errorf("%s: %s: %v, %v", sides[i], line, r, err)
			}
		}
	}
	log := []string{"CLIENT TRACKING ON " + mode}
	for _, c := range history {
		args := c.args()
		if c.by == notRedis || is(args, "CONFIG") || is(args, "OBJECT") || is(args, "PFDEBUG") {
			continue // how values are kept is no matter here
		}
		if unbalanced(args) {
			continue // Granary takes half of what follows STREAMS for keys, Redis none of it; the command fails
		}
		mine := rng.IntN(3) > 0
		if mine && strings.HasPrefix(mode, "OPT") && rng.IntN(2) == 0 {
			yes := map[bool]string{true: "YES", false: "NO"}[strings.HasPrefix(mode, "OPTIN")]
			for i := range ends {
				if _, err := ends[i].reader.Do("CLIENT", "CACHING", yes); err != nil {
					return err
				}
			}
			log = append(log, "CLIENT CACHING "+yes)
		}
		log = append(log, map[bool]string{true: "reader> ", false: "writer> "}[mine]+live.FormatCommand(args))
		var keys [2][]string
		var failed [2]bool
		for i := range ends {
			if err := ends[i].send(c.raw, mine); err != nil {
				return err
			}
		}
		for i := range ends {
			var err error
			if keys[i], failed[i], err = ends[i].read(mine); err != nil {
				return fmt.Errorf("%s: %w\n%s", sides[i], err, strings.Join(log, "\n"))
			}
		}
		if failed[0] != failed[1] || is(args, "PFADD") && failed[0] {
			return nil // a known difference: data may not be the same any more
		}
		if !slices.Equal(keys[0], keys[1]) {
			return fmt.Errorf("redis tells to forget %q, granary %q, after\n%s", keys[0], keys[1], strings.Join(log, "\n"))
		}
		*told += len(keys[0])
	}
	return nil
}

// unbalanced is an XREAD or XREADGROUP without as many IDs as keys.
func unbalanced(args []string) bool {
	i := slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, "STREAMS") })
	return (is(args, "XREAD") || is(args, "XREADGROUP")) && i >= 0 && (len(args)-i)%2 == 0
}

// send sends a command on one of the connections.
func (t *tracked) send(raw []byte, mine bool) error {
	c := t.writer
	if mine {
		c = t.reader
	}
	_, err := c.Write(raw)
	return err
}

// read takes the reply, and then asks the tracking client for one more: what it was told before that is what the command
// made it forget. It returns the keys in order, and whether the command failed.
func (t *tracked) read(mine bool) (keys []string, failed bool, err error) {
	next := func(c *live.Conn) (live.Reply, error) {
		for {
			raw, err := c.ReadRaw(nil)
			if err != nil {
				return live.Reply{}, err
			}
			r, err := live.Parse(raw)
			if err != nil || r.Kind != '>' {
				return r, err
			}
			if len(r.Elems) != 2 || r.Elems[0].Str != "invalidate" {
				return r, errors.New("told " + r.String())
			}
			if r.Elems[1].Null {
				keys = append(keys, "(everything)")
			}
			for _, k := range r.Elems[1].Elems {
				keys = append(keys, k.Str)
			}
		}
	}
	c := t.writer
	if mine {
		c = t.reader
	}
	r, err := next(c)
	if err != nil {
		return nil, false, err
	}
	if err := t.reader.Send("PING"); err != nil {
		return nil, false, err
	}
	if pong, err := next(t.reader); err != nil || pong.Str != "PONG" {
		return nil, false, fmt.Errorf("PING: %v, %v", strconv.Quote(pong.Str), err)
	}
	slices.Sort(keys)
	return keys, r.Kind == '-', nil
}
