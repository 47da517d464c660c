package scripting

import (
	"strings"

	"granary/internal/acl"
	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/resp"
	"granary/internal/script"
)

// The commands of a script: engine is its script.Host.

const (
	errUnknown   = "ERR Unknown Redis command called from script"
	errArity     = "ERR Wrong number of args calling Redis command from script"
	errNotHere   = "ERR This Redis command is not allowed from script"
	errReadOnly  = "ERR Write commands are not allowed from read-only scripts."
	replAll      = 3
	firstReply   = 1 << 10 // bytes; enough for every error
	writesBefore = command.Write | command.MayReplicate
)

// Call implements script.Host.
func (e *engine) Call(args [][]byte, proto uint8) []byte {
	out := &e.reply
	out.reset(proto)
	spec, failure := e.admit(args)
	if failure != "" {
		e.env.Reject(spec, failure)
		out.w.Error(failure)
		return out.w.Pending()
	}
	r := &e.run
	if spec.Flags&command.Write != 0 {
		r.wrote = true
	}
	var how command.CallFlags
	if r.repl == 0 {
		how |= command.CallNoEffects
	}
	r.caller.Calls++
	if !e.session.Call(spec, args, &out.w, how) {
		out.reset(proto)
		out.w.Error(command.ErrOutOfMemory)
	}
	return out.w.Pending()
}

// admit finds the command and checks everything that may stand in its way, in Redis's order. It returns the command, and
// the text of an error.
func (e *engine) admit(args [][]byte) (*command.Spec, string) {
	env, r := e.env, &e.run
	spec, failure := env.Resolve(args)
	if failure != "" {
		if spec != nil {
			return spec, errArity
		}
		return nil, errUnknown
	}
	// Commands that wait may be called as in Redis 7.2: they answer as if their time were over.
	if spec.Flags&command.NoScript != 0 && spec.Flags&command.Blocking == 0 && !env.AnyInScripts {
		return spec, errNotHere
	}
	if !e.session.User.Unlimited {
		if v, text := e.session.Denied(spec, args, acl.Script); v != acl.Allowed {
			return spec, "ERR ACL failure in script: " + strings.TrimPrefix(text, "NOPERM ")
		}
	}
	if r.readOnly && spec.Flags&writesBefore != 0 {
		return spec, errReadOnly
	}
	// Only the first write can be refused: what a script has begun it must be able to end.
	if r.overOOM && !r.wrote && spec.Flags&command.DenyOOM != 0 {
		return spec, command.ErrOOM
	}
	if e.env.Gate&command.GateDisk != 0 && !r.wrote && spec.Flags&command.Write != 0 {
		return spec, e.env.Misconf()
	}
	return spec, ""
}

// Log implements script.Host.
func (e *engine) Log(level int, text string) {
	log := e.env.Log
	switch level {
	case 0:
		log.Debugf("%s", text)
	case 1:
		log.Verbosef("%s", text)
	case 2:
		log.Noticef("%s", text)
	default:
		log.Warningf("%s", text)
	}
}

// SetRepl implements script.Host. Effects are one stream, for the append-only file and the replicas alike: they are kept
// out of it only if a script wants neither.
func (e *engine) SetRepl(to int) { e.run.repl = to }

// MayCall implements script.Host.
func (e *engine) MayCall(args [][]byte) (may, known bool) {
	spec, _ := e.env.Resolve(args)
	return spec != nil && e.session.Permits(spec, args), spec != nil
}

// reply is where the replies to the commands of a script go: one block that grows, in the keyspace's arena.
type reply struct {
	w     resp.Writer
	arena *mem.Arena
	limit func() int64
	ref   mem.Ref
	size  int
}

// begin takes the memory that an error needs, so that a script that runs out of memory can be told. It may panic with
// mem.ErrOutOfMemory.
func (p *reply) begin() {
	if p.size == 0 {
		p.ref = p.arena.Alloc(firstReply, mem.PurposeScript)
		p.size = firstReply
		p.w.SetBlock(mem.Bytes(p.ref, p.size))
	}
}

// reset makes the reply empty.
func (p *reply) reset(proto uint8) {
	p.w.Drained()
	p.w.Proto = proto
}

// drop gives the memory back.
func (p *reply) drop() {
	p.w.Drained()
	p.w.SetBlock(nil)
	if p.size > 0 {
		p.arena.Free(p.ref, p.size, mem.PurposeScript)
		p.ref, p.size = 0, 0
	}
}

// dropReply gives the memory of long replies back.
func (e *engine) dropReply() {
	if e.reply.size > firstReply {
		e.reply.drop()
	}
}

// More implements resp.Sink. What a script may not keep it cannot read either.
func (p *reply) More(n, need int) ([]byte, bool) {
	size := max(firstReply, n+need, 2*p.size)
	if int64(n+need) > p.limit() {
		panic(mem.ErrOutOfMemory)
	}
	p.ref = p.arena.Resize(p.ref, p.size, size, mem.PurposeScript) // may panic: first
	p.size = size
	return mem.Bytes(p.ref, size), false
}

// Refer implements resp.Sink.
func (p *reply) Refer(int, mem.Ref, int, int) bool { return false }

// Sealed implements resp.Sink.
func (p *reply) Sealed(uint64) []byte { panic("BUG: scripting: a reply seals nothing") }

// Shorten implements resp.Sink.
func (p *reply) Shorten(uint64, int) { panic("BUG: scripting: a reply seals nothing") }

var _ script.Host = (*engine)(nil)
