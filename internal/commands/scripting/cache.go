package scripting

import (
	"container/list"
	"crypto/sha1"
	"encoding/hex"

	"granary/internal/mem"
	"granary/internal/script"
)

// The scripts that the server has, by the SHA1 sum of their source. Those that came with EVAL are kept as long as they are
// among the last 500 used and maxmemory-scripts leaves room for them; those that were loaded with SCRIPT LOAD are kept until SCRIPT FLUSH.

// maxEvals is how many scripts that came with EVAL are kept.
const maxEvals = 500

// digest is the name of a script.
type digest [sha1.Size]byte

// parseDigest reads 40 hexadecimal digits.
func parseDigest(arg []byte) (d digest, ok bool) {
	if len(arg) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], arg)
	return d, err == nil
}

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// cached is a script.
type cached struct {
	digest   digest
	source   text
	fn       *script.Function
	flags    script.FunctionFlags
	bytes    int64         // booked for it
	place    int           // in cache.all
	recent   *list.Element // its place among those that may be forgotten, nil: it may not
	compiled int64         // bytes of it on the heap
	used     int64         // Unix ms of its last use
}

// rowSize is what a script takes on the heap besides its code: its row in the map and in the list, and itself.
const rowSize = 240

// cache is all scripts.
type cache struct {
	engine *engine
	by     map[digest]*cached
	all    []*cached // in no order, for moveSources
	recent list.List // *cached, the one used last in front
	bytes  int64
}

// find returns a script and notes its use.
func (c *cache) find(d digest) *cached {
	s := c.by[d]
	if s != nil && s.recent != nil {
		c.recent.MoveToFront(s.recent)
		s.used = c.engine.env.Keys.Now
	}
	return s
}

// add compiles a script and keeps it, for good or until it was not used for long. It returns the text of an error if the
// source is not a script. It may panic with mem.ErrOutOfMemory.
func (c *cache) add(d digest, source []byte, loaded bool) (*cached, string) {
	e := c.engine
	flags, body, failure := scriptHeader(string(source))
	if failure != "" {
		return nil, failure
	}
	fn, err := e.interp(script.Scripts).Compile(body, "user_script")
	if err != nil {
		return nil, "ERR Error compiling script (new function): " + err.Error()
	}
	s := &cached{digest: d, fn: fn, flags: flags, used: e.env.Keys.Now}
	s.source = keep(e.env.Keys.Arena, source, mem.PurposeScript)
	s.compiled = fn.Size + rowSize
	mem.BookOutside(mem.PurposeScript, s.compiled)
	s.bytes = s.source.size() + s.compiled
	c.bytes += s.bytes
	if c.by == nil {
		c.by = map[digest]*cached{}
		c.recent.Init()
	}
	c.by[d] = s
	s.place = len(c.all)
	c.all = append(c.all, s)
	if !loaded {
		s.recent = c.recent.PushFront(s)
		limit := e.env.Config.MaxMemoryScriptsBytes()
		for c.recent.Len() > maxEvals || limit > 0 && c.bytes > limit && c.recent.Len() > 1 {
			c.remove(c.recent.Back().Value.(*cached))
			e.env.Stats.EvictedScripts++
		}
	}
	return s, ""
}

// pin keeps a script for good.
func (c *cache) pin(s *cached) {
	if s.recent != nil {
		c.recent.Remove(s.recent)
		s.recent = nil
	}
}

// remove forgets a script.
func (c *cache) remove(s *cached) {
	c.pin(s)
	delete(c.by, s.digest)
	last := c.all[len(c.all)-1]
	c.all[s.place], last.place = last, s.place
	c.all[len(c.all)-1] = nil
	c.all = c.all[:len(c.all)-1]
	s.source.free(c.engine.env.Keys.Arena, mem.PurposeScript)
	mem.BookOutside(mem.PurposeScript, -s.compiled)
	c.bytes -= s.bytes
}

// flush forgets all scripts, and their interpreter.
func (c *cache) flush() {
	for _, s := range c.by {
		c.remove(s)
	}
	c.by, c.all = nil, nil
	c.engine.drop(script.Scripts)
}

// Unused implements command.Scripts.
func (e *engine) Unused(since int64, forget bool) (scripts, bytes int64) {
	c := &e.scripts
	for at := c.recent.Back(); at != nil; {
		s := at.Value.(*cached)
		if s.used > since {
			break
		}
		at = at.Prev()
		scripts++
		bytes += s.bytes
		if forget {
			c.remove(s)
			e.env.Stats.EvictedScripts++
		}
	}
	return scripts, bytes
}
