package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// Lua's error texts say what the program calls a value: "attempt to index field 'x' (a nil value)". The name is not kept
// anywhere: it is found by looking for the instruction that last wrote the register. gopher-lua's instructions are
// those of Lua 5.1 in another arrangement of bits:
//
//	+--------+---------+---------+---------+
//	| op : 6 |  A : 8  |  C : 9  |  B : 9  |     Bx: 18 bits where C and B are
//	+--------+---------+---------+---------+
//
// B and C name a constant when their highest bit is set.
type instruction uint32

const constBit = 1 << 8

func (i instruction) op() int { return int(i >> 26) }
func (i instruction) a() int  { return int(i>>18) & 0xff }
func (i instruction) b() int  { return int(i & 0x1ff) }
func (i instruction) c() int  { return int(i>>9) & 0x1ff }
func (i instruction) bx() int { return int(i & 0x3ffff) }
func (i instruction) jump() int {
	return i.bx() - 0x3ffff>>1
}

// callName is what the instruction at pc calls the function that it calls.
func callName(p *lua.FunctionProto, pc int) (name, what string) {
	if pc < 0 || pc >= len(p.Code) {
		return "", ""
	}
	switch i := instruction(p.Code[pc]); i.op() {
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_TFORLOOP:
		return valueName(p, pc, i.a())
	}
	return "", ""
}

// localName is the name of the local variable that lives in a register at pc.
func localName(p *lua.FunctionProto, pc, reg int) string {
	for _, v := range p.DbgLocals {
		if v.StartPc > pc {
			continue
		}
		if pc <= v.EndPc {
			if reg == 0 {
				return v.Name
			}
			reg--
		}
	}
	return ""
}

// valueName names the value of a register just before the instruction at pc; empty if it has no name.
func valueName(p *lua.FunctionProto, pc, reg int) (name, what string) {
	if n := localName(p, pc, reg); n != "" && n[0] != '(' {
		return n, "local"
	}
	at := lastWrite(p, pc, reg)
	if at < 0 {
		return "", ""
	}
	i := instruction(p.Code[at])
	switch i.op() {
	case lua.OP_GETGLOBAL:
		return constName(p, i.bx()|constBit), "global"
	case lua.OP_MOVE:
		if i.b() < i.a() {
			return valueName(p, at, i.b())
		}
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return constName(p, i.c()), "field"
	case lua.OP_GETUPVAL:
		if b := i.b(); b < len(p.DbgUpvalues) {
			return p.DbgUpvalues[b], "upvalue"
		}
		return "?", "upvalue"
	case lua.OP_SELF:
		if i.a() == reg {
			return constName(p, i.c()), "method"
		}
	}
	return "", ""
}

func constName(p *lua.FunctionProto, rk int) string {
	if rk&constBit != 0 || rk > constBit {
		k := rk &^ constBit
		if rk > 0x1ff { // Bx has more bits
			k = rk
		}
		if k < len(p.Constants) {
			if s, ok := p.Constants[k].(lua.LString); ok {
				return string(s)
			}
		}
	}
	return "?"
}

// lastWrite is the instruction before pc that wrote a register last, on the straight way there: as Lua does it, forward
// jumps that do not pass pc are followed. -1 if there is none.
func lastWrite(p *lua.FunctionProto, pc, reg int) int {
	last := -1
	for at := 0; at < pc; at++ {
		i := instruction(p.Code[at])
		a := i.a()
		wrote := false
		switch i.op() {
		case lua.OP_MOVE, lua.OP_LOADK, lua.OP_LOADBOOL, lua.OP_GETUPVAL, lua.OP_GETGLOBAL, lua.OP_GETTABLE, lua.OP_GETTABLEKS,
			lua.OP_NEWTABLE, lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW, lua.OP_UNM, lua.OP_NOT,
			lua.OP_LEN, lua.OP_CONCAT, lua.OP_TESTSET:
			wrote = a == reg
		case lua.OP_MOVEN:
			wrote = a == reg
			for range i.c() {
				if at++; at < pc && instruction(p.Code[at]).a() == reg {
					wrote = true
				}
			}
		case lua.OP_LOADNIL:
			wrote = a <= reg && reg <= i.b()
		case lua.OP_SELF:
			wrote = reg == a || reg == a+1
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
			wrote = reg >= a
		case lua.OP_TFORLOOP:
			wrote = reg >= a+2
		case lua.OP_FORLOOP, lua.OP_FORPREP:
			wrote = reg >= a && reg <= a+3
		case lua.OP_CLOSURE:
			wrote = a == reg
			if n := i.bx(); n < len(p.FunctionPrototypes) {
				if wrote {
					last = at
				}
				at += int(p.FunctionPrototypes[n].NumUpvalues)
				continue
			}
		case lua.OP_SETLIST:
			if i.c() == 0 {
				at++
			}
		case lua.OP_JMP:
			if to := at + 1 + i.jump(); to > at && to <= pc {
				at = to - 1
			}
		}
		if wrote {
			last = at
		}
	}
	return last
}

// running is the function that the machine is in, and its instruction; nil if the caller of the running Go function is
// no Lua code.
func running(L *lua.LState) (*lua.FunctionProto, int) {
	dbg, ok := L.GetStack(1)
	if !ok {
		return nil, 0
	}
	fn := frameFunc(L, dbg)
	if fn == nil || fn.IsG {
		return nil, 0
	}
	pc := framePc(dbg)
	if pc < 0 || pc >= len(fn.Proto.Code) {
		return nil, 0
	}
	return fn.Proto, pc
}

// badOperand leaves with Lua's complaint about a value: what was tried with it, and its name if it has one.
func badOperand(L *lua.LState, v lua.LValue, try string, reg func(instruction) int) {
	if p, pc := running(L); p != nil {
		if r := reg(instruction(p.Code[pc])); r >= 0 && r < constBit {
			if name, what := valueName(p, pc, r); name != "" {
				raise(L, "attempt to %s %s '%s' (a %s value)", try, what, name, typeName(v))
			}
		}
	}
	raise(L, "attempt to %s a %s value", try, typeName(v))
}
