package lualib

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// The parser writes calls of functions that have no name (concat, and the checks of for) as calls of a string that no
// source can hold, because it is made up when the process starts. In the compiled code the string is a constant; it
// is replaced by the function.
var (
	markConcat = newMark("concat")
	markPower  = newMark("pow")
	markModulo = newMark("mod")
	markInit   = newMark("for init")
	markLimit  = newMark("for limit")
	markStep   = newMark("for step")
)

func newMark(name string) string {
	b := make([]byte, 16)
	rand.Read(b)
	return "\x00" + name + string(b)
}

// maxJump is how far gopher-lua's jumps reach.
const maxJump = 1<<17 - 1

// Load compiles a chunk. name is what positions in error texts show. The error's text is Lua's.
func (s *Libs) Load(L *lua.LState, source, name string) (*lua.LFunction, error) {
	return s.l.load(L, source, name)
}

func (l *library) load(L *lua.LState, source, name string) (fn *lua.LFunction, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case syntaxError:
			fn, err = nil, r
		default:
			panic(r)
		}
	}()
	stmts, fs := parseChunk(source, name, l.b.Step)
	proto, err := lua.Compile(stmts, name)
	if err != nil {
		// What remains is too large for the machine: registers, mostly.
		line := 0
		if _, e := fmt.Sscanf(err.Error(), "compile error near line(%d)", &line); e != nil {
			line = 1
		}
		line &= 1<<lineBits - 1
		return nil, syntaxError{fmt.Sprintf("%s:%d: function or expression too complex", name, max(line, 1))}
	}
	if line := l.finish(proto, fs); line != 0 {
		return nil, syntaxError{fmt.Sprintf("%s:%d: control structure too long", name, line)}
	}
	return L.NewFunctionFromProto(proto), nil
}

// finish puts functions in the place of marks, and undoes tail calls that the machine fails at. It returns the line of a
// function whose jumps may not reach, or 0.
func (l *library) finish(p *lua.FunctionProto, fs *funcState) int {
	scopes(p, fs)
	for i, c := range p.Constants {
		if s, ok := c.(lua.LString); ok && len(s) > 16 && s[0] == 0 {
			if f := l.marked[string(s)]; f != nil {
				p.Constants[i] = f
			}
		}
	}
	for pc, c := range p.Code {
		switch i := instruction(c); i.op() {
		case lua.OP_TAILCALL:
			// A coroutine that yields in a tail call of its first function leaves the machine without a frame; a tail call
			// in a function with ... moves the registers of what it calls to the wrong place.
			if name, _ := callName(p, pc); p.IsVarArg != 0 || strings.Contains(name, "yield") {
				p.Code[pc] = uint32(lua.OP_CALL)<<26 | c&(0xff<<18|0x1ff)
			}
		case lua.OP_JMP, lua.OP_FORLOOP, lua.OP_FORPREP:
			if len(p.Code) > maxJump {
				return max(p.LineDefined, 1)
			}
		}
	}
	for i, sub := range p.FunctionPrototypes {
		if len(fs.funcs) != len(p.FunctionPrototypes) {
			fs.funcs = make([]*funcState, len(p.FunctionPrototypes))
		}
		if line := l.finish(sub, cmp.Or(fs.funcs[i], &funcState{})); line != 0 {
			return line
		}
	}
	return 0
}

// scopes takes the numbers of locals out of the lines of the instructions, and notes where each local ends: where fewer are
// in scope, or another takes its register.
func scopes(p *lua.FunctionProto, fs *funcState) {
	const mask = 1<<lineBits - 1
	p.LineDefined &= mask
	p.LastLineDefined &= mask
	active := make([]int, len(p.DbgSourcePositions))
	for pc, line := range p.DbgSourcePositions {
		active[pc] = line>>lineBits - 1
		p.DbgSourcePositions[pc] = line & mask
	}
	var known []*lua.DbgLocalInfo
	open := make([]*lua.DbgLocalInfo, 256) // by register
	i := 0
	for _, v := range p.DbgLocals {
		for i < len(fs.decls) && fs.decls[i].name != v.Name {
			i++
		}
		if i == len(fs.decls) {
			break
		}
		reg := fs.decls[i].reg
		if i++; reg < 0 || reg >= len(open) {
			continue // a value of an assignment
		}
		v.EndPc = len(p.Code)
		for pc := v.StartPc; pc < len(active); pc++ {
			if active[pc] >= 0 && active[pc] <= reg {
				v.EndPc = pc - 1
				break
			}
		}
		if old := open[reg]; old != nil {
			old.EndPc = min(old.EndPc, v.StartPc-1)
		}
		open[reg] = v
		known = append(known, v)
	}
	p.DbgLocals = known
}

func (l *library) openMarks(L *lua.LState) {
	l.marked = map[string]*lua.LFunction{
		markConcat: L.NewFunction(l.concat),
		markPower:  L.NewFunction(powerOperator),
		markModulo: L.NewFunction(moduloOperator),
		markInit:   L.NewFunction(loopCheck("initial value")),
		markLimit:  L.NewFunction(loopCheck("limit")),
		markStep:   L.NewFunction(loopCheck("step")),
	}
}

// hidden is a call of a function that has a mark.
func (p *parser) hidden(mark string, line int, args ...ast.Expr) ast.Expr {
	oneValue(args[len(args)-1])
	f := at(p, &ast.StringExpr{Value: mark}, line)
	return at(p, &ast.FuncCallExpr{Func: f, Args: args, AdjustRet: false}, line)
}

// concat makes a .. b, and adds a to b if that is one already: .. is right associative, and its operands are joined at once.
func (p *parser) concat(a, b ast.Expr) ast.Expr {
	if c, ok := b.(*ast.FuncCallExpr); ok && !c.AdjustRet {
		if f, ok := c.Func.(*ast.StringExpr); ok && f.Value == markConcat && len(c.Args) < 100 {
			return p.hidden(markConcat, p.lastLine, append([]ast.Expr{oneValue(a)}, c.Args...)...)
		}
	}
	p.constant(markConcat)
	return p.hidden(markConcat, p.lastLine, oneValue(a), b)
}

// power makes a ^ b, at once of two numbers.
func (p *parser) power(a, b ast.Expr) ast.Expr {
	if x, ok := a.(*ast.NumberExpr); ok {
		if y, ok := b.(*ast.NumberExpr); ok {
			f, _ := strtod(x.Value)
			g, _ := strtod(y.Value)
			if v := power(f, g); v == v {
				x.Value = strconv.FormatFloat(v, 'g', -1, 64)
				return at(p, x, p.lastLine)
			}
		}
	}
	p.constant(markPower)
	return p.hidden(markPower, p.lastLine, oneValue(a), b)
}

// modulo makes a % b. The machine's own differs where a / b is not exact: 1 % 0.1 is 0 in Lua. With an integer for b it
// does not, which most are.
func (p *parser) modulo(a, b ast.Expr) ast.Expr {
	if y, ok := b.(*ast.NumberExpr); ok {
		if g, _ := strtod(y.Value); g != 0 && g == math.Trunc(g) && g <= 1<<31 {
			return at(p, &ast.ArithmeticOpExpr{Operator: "%", Lhs: a, Rhs: b}, p.lastLine)
		}
	}
	p.constant(markModulo)
	return p.hidden(markModulo, p.lastLine, oneValue(a), b)
}

// powerOperator is the operator ^.
func powerOperator(L *lua.LState) int {
	a, b := L.Get(1), L.Get(2)
	x, isX := a.(lua.LNumber)
	y, isY := b.(lua.LNumber)
	if isX && isY {
		L.Push(result(power(float64(x), float64(y)), float64(x), float64(y)))
		return 1
	}
	return arithmeticOf(L, "__pow", power, hiddenOperand(1), hiddenOperand(2))
}

// moduloOperator is the operator %.
func moduloOperator(L *lua.LState) int {
	a, b := L.Get(1), L.Get(2)
	x, isX := a.(lua.LNumber)
	y, isY := b.(lua.LNumber)
	if isX && isY {
		L.Push(result(modulo(float64(x), float64(y)), float64(x), float64(y)))
		return 1
	}
	return arithmeticOf(L, "__mod", modulo, hiddenOperand(1), hiddenOperand(2))
}

// hiddenOperand is the register of the i-th argument of a call that the parser wrote for an operator.
func hiddenOperand(i int) func(instruction) int {
	return func(in instruction) int {
		if op := in.op(); op != lua.OP_CALL && op != lua.OP_TAILCALL {
			return -1
		}
		return in.a() + i
	}
}

// loopNumber reads a number of a for.
func (p *parser) loopNumber(mark string) ast.Expr {
	e := p.expr()
	if _, ok := e.(*ast.NumberExpr); ok {
		return e
	}
	p.constant(mark)
	return p.hidden(mark, p.lastLine, e)
}

func loopCheck(what string) lua.LGFunction {
	return func(L *lua.LState) int {
		f, ok := toNumber(L.Get(1))
		if !ok {
			raise(L, "'for' %s must be a number", what)
		}
		L.Push(lua.LNumber(f))
		return 1
	}
}

// concat joins its arguments from the right, as a chain of .. does: what are strings and numbers at once.
func (l *library) concat(L *lua.LState) int {
	n := L.GetTop()
	acc := L.Get(n)
	for i := n - 1; i > 0; {
		from, size := i, 0
		tail, ok := textOf(acc)
		for ok && from > 0 {
			v := L.Get(from)
			if s, isString := v.(lua.LString); isString {
				size += len(s)
			} else if _, isNumber := v.(lua.LNumber); isNumber {
				size += 24
			} else {
				break
			}
			from--
		}
		if from == i {
			acc = l.concatOther(L, i, L.Get(i), acc)
			i--
			continue
		}
		l.grow(L, size+len(tail))
		b := make([]byte, 0, size+len(tail))
		for j := from + 1; j <= i; j++ {
			switch v := L.Get(j).(type) {
			case lua.LString:
				b = append(b, v...)
			case lua.LNumber:
				b = appendNumber(b, float64(v), 14)
			}
		}
		acc = lua.LString(append(b, tail...))
		i = from
	}
	L.Push(acc)
	return 1
}

// concatOther is the concatenation of argument i with b, one of which is neither string nor number.
func (l *library) concatOther(L *lua.LState, i int, a, b lua.LValue) lua.LValue {
	if m := scriptMeta(L, a, b, "__concat"); m != nil {
		return call1(L, m, a, b)
	}
	if _, ok := textOf(a); ok {
		a = b
		i++
	}
	badOperand(L, a, "concatenate", hiddenOperand(i))
	return lua.LNil
}
