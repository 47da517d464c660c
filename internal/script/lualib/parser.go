package lualib

import (
	"fmt"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// Limits of Lua 5.1 on one chunk.
const (
	maxLevels   = 200 // nested statements and expressions
	maxLocals   = 200
	maxUpvalues = 60
	maxConsts   = 1<<14 - 1 // different ones of a function; 2^18 in Lua
	maxSearch   = 1 << 29   // comparisons: gopher-lua looks for each constant among all that the function has
)

// funcState is what the parser knows of one function.
type funcState struct {
	parent   *funcState
	vararg   bool
	line     int
	locals   []string // in scope, as they lie in registers
	decls    []decl   // all, in the order of the source
	funcs    []*funcState
	upvalues map[string]bool
	loops    int
	consts   map[string]struct{}
}

// decl is a local variable and its register.
type decl struct {
	name string
	reg  int
}

// parser is Lua 5.1's grammar, by recursive descent, onto gopher-lua's syntax tree. gopher-lua's own parser accepts more
// (goto, labels), says other things about errors, and neither it nor the compiler behind it bounds how deep a source
// may nest.
//
// What the machine does otherwise than Lua 5.1 is written around here, where the source is seen:
//
//	a .. b                concat(a, b)            numbers as "%.14g"; Lua's errors; the budget
//	a ^ b                 pow(a, b)               C's last bit, and sign of NaN
//	a % b                 mod(a, b)               a - floor(a/b)*b, if b may be no integer
//	for i = x, y, z do    check(x), ...           Lua's errors; strings that are numbers
//	local f = function    not seen by itself      gopher-lua takes it for `local function f`
//	x, y = y, x           a block of its own      gopher-lua makes both y
//	x = (f(y))            x = f(y)                gopher-lua overwrites other locals
//	x = f() and y         a block of its own      gopher-lua leaves x as it is if f returns nil
type parser struct {
	lexer
	tok, ahead lexeme // the current one; the one behind it, if it was looked at
	lastLine   int    // of the token before tok
	fs         *funcState
	levels     int
	searched   int // see maxSearch
	depth      int // of the tree of what was read last
	deepest    int // of the trees that the statement being read has
	step       func(n int)
}

// maxTree is how deep a syntax tree may be: the compiler recurses over it. Lua has no such tree, and takes a + a + a ...
// of any length.
const maxTree = 20_000

// deeper makes what was read last part of a tree that is one deeper than d.
func (p *parser) deeper(d int) int {
	if d >= maxTree {
		p.fail("chunk has too many syntax levels", "")
	}
	p.depth = d + 1
	return p.depth
}

func parseChunk(source, chunk string, step func(int)) ([]ast.Stmt, *funcState) {
	p := &parser{lexer: lexer{chunk: chunk, s: source, line: 1}, lastLine: 1, step: step}
	p.fs = &funcState{vararg: true, upvalues: map[string]bool{}, locals: []string{"(arg)"}, decls: []decl{{"arg", 0}}}
	p.advance()
	body := p.chunk()
	p.check(lexEOF)
	return body, p.fs
}

func (p *parser) advance() {
	p.lastLine = p.line0()
	p.step(1)
	if p.ahead.kind != "" {
		p.lastLine = p.line // as Lua has it: that of the token ahead
		p.tok, p.ahead = p.ahead, lexeme{}
		return
	}
	p.tok = p.next()
}

// line0 is the line of the current token: that of the lexer, unless it is ahead.
func (p *parser) line0() int {
	if p.tok.line == 0 {
		return 1
	}
	return p.tok.line
}

func (p *parser) peek() string {
	if p.ahead.kind == "" {
		p.ahead = p.next()
	}
	return p.ahead.kind
}

func (p *parser) syntax(text string) { p.fail(text, p.tok.show()) }

func (p *parser) expected(kind string) { p.syntax("'" + kind + "' expected") }

func (p *parser) check(kind string) {
	if p.tok.kind != kind {
		p.expected(kind)
	}
}

func (p *parser) accept(kind string) bool {
	if p.tok.kind == kind {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(kind string) {
	p.check(kind)
	p.advance()
}

// match expects what closes something that began at a line.
func (p *parser) match(what, who string, line int) {
	if p.tok.kind != what {
		if line == p.line {
			p.expected(what)
		}
		p.syntax(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", what, who, line))
	}
	p.advance()
}

func (p *parser) name() string {
	p.check(lexName)
	s := p.tok.text
	p.advance()
	return s
}

func (p *parser) enter() {
	if p.levels++; p.levels > maxLevels {
		p.fail("chunk has too many syntax levels", "")
	}
}

func (p *parser) leave() { p.levels-- }

func (p *parser) limit(n, most int, what string) {
	if n <= most {
		return
	}
	if p.fs.line == 0 {
		p.fail(fmt.Sprintf("main function has more than %d %s", most, what), "")
	}
	p.fail(fmt.Sprintf("function at line %d has more than %d %s", p.fs.line, most, what), "")
}

// constant counts a name, string or number of the function.
func (p *parser) constant(s string) {
	if p.fs.consts == nil {
		p.fs.consts = map[string]struct{}{}
	}
	p.fs.consts[s] = struct{}{}
	if p.searched += len(p.fs.consts); len(p.fs.consts) > maxConsts || p.searched > maxSearch {
		p.fail("constant table overflow", "")
	}
}

// implied is how many locals a function has that Lua does not count.
func (fs *funcState) implied() int {
	if fs.parent == nil {
		return 1
	}
	return 0
}

// declare makes names visible.
func (p *parser) declare(names ...string) {
	p.limit(len(p.fs.locals)+len(names)-p.fs.implied(), maxLocals, "local variables")
	for _, n := range names {
		p.fs.decls = append(p.fs.decls, decl{n, len(p.fs.locals)})
		p.fs.locals = append(p.fs.locals, n)
	}
}

// resolve counts the upvalues that a name needs.
func (p *parser) resolve(fs *funcState, name string) bool {
	for i := len(fs.locals) - 1; i >= 0; i-- {
		if fs.locals[i] == name {
			return true
		}
	}
	if fs.upvalues[name] {
		return true
	}
	if fs.parent == nil || !p.resolve(fs.parent, name) {
		return false
	}
	fs.upvalues[name] = true
	old := p.fs
	p.fs = fs
	p.limit(len(fs.upvalues), maxUpvalues, "upvalues")
	p.fs = old
	return true
}

// at sets where a node is: errors of it name the line of the last token that was read for it.
func at[T ast.PositionHolder](p *parser, n T, line int) T {
	line = p.mark(line)
	n.SetLine(line)
	n.SetLastLine(line)
	return n
}

// lineBits is where the number of locals begins in what nodes take for their line.
const lineBits = 32

// mark adds to a line how many locals are in scope, and one: the compiler copies it to the instructions, where finish
// looks for it (gopher-lua's own notes of scopes are wrong).
func (p *parser) mark(line int) int {
	return line&(1<<lineBits-1) | (len(p.fs.locals)+1)<<lineBits
}

func (p *parser) blockEnds() bool {
	switch p.tok.kind {
	case "else", "elseif", "end", "until", lexEOF:
		return true
	}
	return false
}

// chunk reads statements to the end of a block.
func (p *parser) chunk() []ast.Stmt {
	p.enter()
	stmts := []ast.Stmt{}
	d, around := 0, p.deepest
	for last := false; !last && !p.blockEnds(); {
		var s ast.Stmt
		p.deepest = 0
		s, last = p.statement()
		d = max(d, p.deepest)
		stmts = append(stmts, s)
		p.accept(";")
	}
	p.deepest = max(around, p.deeper(d))
	p.leave()
	return stmts
}

// block is a chunk with locals of its own.
func (p *parser) block() []ast.Stmt {
	n := len(p.fs.locals)
	s := p.chunk()
	p.fs.locals = p.fs.locals[:n]
	return s
}

func (p *parser) body(self bool, line int) *ast.FunctionExpr {
	fs := &funcState{parent: p.fs, line: line, upvalues: map[string]bool{}}
	p.fs.funcs = append(p.fs.funcs, fs)
	p.fs = fs
	par := &ast.ParList{Names: []string{}}
	if self {
		par.Names = append(par.Names, "self")
		p.declare("self")
	}
	p.expect("(")
	if p.tok.kind != ")" {
		for {
			if p.tok.kind == lexName {
				p.declare(p.tok.text)
				par.Names = append(par.Names, p.name())
			} else if p.accept("...") {
				fs.vararg, par.HasVargs = true, true
			} else {
				p.syntax("<name> or '...' expected")
			}
			if fs.vararg || !p.accept(",") {
				break
			}
		}
	}
	p.expect(")")
	if fs.vararg {
		p.declare("arg")
	}
	around := p.deepest
	p.deepest = 0
	f := &ast.FunctionExpr{ParList: par, Stmts: p.chunk()}
	p.deepest = max(around, p.deeper(p.deepest))
	f.SetLine(line)
	f.SetLastLine(p.tok.line)
	p.match("end", "function", line)
	p.fs = fs.parent
	return f
}

func (p *parser) exprList() []ast.Expr {
	list := []ast.Expr{p.expr()}
	d := p.depth
	for p.accept(",") {
		list = append(list, p.expr())
		d = max(d, p.depth)
	}
	p.depth = d
	return list
}

func (p *parser) str(s string) *ast.StringExpr {
	p.constant(s)
	return at(p, &ast.StringExpr{Value: s}, p.tok.line)
}

func (p *parser) field(obj ast.Expr) ast.Expr {
	p.advance()
	p.check(lexName)
	key := p.str(p.tok.text)
	p.advance()
	return at(p, &ast.AttrGetExpr{Object: obj, Key: key}, p.lastLine)
}

func (p *parser) index() ast.Expr {
	p.advance()
	e := p.expr()
	p.expect("]")
	return e
}

func (p *parser) variable() *ast.IdentExpr {
	line := p.tok.line
	name := p.name()
	if !p.resolve(p.fs, name) {
		p.constant(name)
	}
	return at(p, &ast.IdentExpr{Value: name}, line)
}

// primary reads what may be called or assigned to. kind says which: "call", "var", or "" for neither.
func (p *parser) primary() (e ast.Expr, kind string) {
	switch p.tok.kind {
	case lexName:
		e, kind = p.variable(), "var"
		p.depth = 1
	case "(":
		line := p.tok.line
		p.advance()
		e = p.expr()
		p.match(")", "(", line)
		oneValue(e)
	default:
		p.syntax("unexpected symbol")
	}
	for d := p.depth; ; d = p.deeper(max(d, p.depth)) {
		switch p.tok.kind {
		case ".":
			e, kind = p.field(e), "var"
		case "[":
			key := p.index()
			e, kind = at(p, &ast.AttrGetExpr{Object: e, Key: key}, p.lastLine), "var"
		case ":":
			p.advance()
			method := p.name()
			p.constant(method)
			line := p.tok.line
			e, kind = at(p, &ast.FuncCallExpr{Receiver: e, Method: method, Args: p.args()}, line), "call"
		case "(", lexString, "{":
			line := p.tok.line
			e, kind = at(p, &ast.FuncCallExpr{Func: e, Args: p.args()}, line), "call"
		default:
			p.deepest = max(p.deepest, d)
			p.depth = d
			return e, kind
		}
	}
}

// oneValue is what parentheses do to a call or to `...`.
func oneValue(e ast.Expr) ast.Expr {
	switch x := e.(type) {
	case *ast.FuncCallExpr:
		x.AdjustRet = true
	case *ast.Comma3Expr:
		x.AdjustRet = true
	}
	return e
}

func (p *parser) args() []ast.Expr {
	switch line := p.tok.line; p.tok.kind {
	case "(":
		if line != p.lastLine {
			p.syntax("ambiguous syntax (function call x new statement)")
		}
		p.advance()
		list := []ast.Expr{}
		p.depth = 0
		if p.tok.kind != ")" {
			list = p.exprList()
		}
		p.match(")", "(", line)
		return list
	case "{":
		return []ast.Expr{p.table()}
	case lexString:
		s := p.str(p.tok.text)
		p.advance()
		p.depth = 1
		return []ast.Expr{s}
	}
	p.syntax("function arguments expected")
	return nil
}

func (p *parser) table() ast.Expr {
	line := p.tok.line
	t := at(p, &ast.TableExpr{Fields: []*ast.Field{}}, line)
	p.expect("{")
	d := 0
	for p.tok.kind != "}" {
		f := &ast.Field{}
		switch {
		case p.tok.kind == lexName && p.peek() == "=":
			f.Key = p.str(p.tok.text)
			p.advance()
			p.expect("=")
		case p.tok.kind == "[":
			f.Key = p.index()
			d = max(d, p.depth)
			p.expect("=")
		}
		f.Value = p.expr()
		d = max(d, p.depth)
		t.Fields = append(t.Fields, f)
		if !p.accept(",") && !p.accept(";") {
			break
		}
	}
	p.match("}", "{", line)
	p.deeper(d)
	return t
}

func (p *parser) simple() ast.Expr {
	line := p.tok.line
	p.depth = 1
	var e ast.Expr
	switch p.tok.kind {
	case lexNumber:
		p.constant("\x01" + p.tok.raw)
		e = at(p, &ast.NumberExpr{Value: strconv.FormatFloat(p.tok.num, 'g', -1, 64)}, line)
	case lexString:
		e = p.str(p.tok.text)
	case "nil":
		e = at(p, &ast.NilExpr{}, line)
	case "true":
		e = at(p, &ast.TrueExpr{}, line)
	case "false":
		e = at(p, &ast.FalseExpr{}, line)
	case "...":
		if !p.fs.vararg {
			p.syntax("cannot use '...' outside a vararg function")
		}
		e = at(p, &ast.Comma3Expr{}, line)
	case "{":
		return p.table()
	case "function":
		p.advance()
		return p.body(false, line)
	default:
		e, _ = p.primary()
		return e
	}
	p.advance()
	return e
}

// priority of the binary operators, to the left and to the right.
var priority = map[string][2]int{
	"+": {6, 6}, "-": {6, 6}, "*": {7, 7}, "/": {7, 7}, "%": {7, 7}, "^": {10, 9}, "..": {5, 4}, "~=": {3, 3}, "==": {3, 3},
	"<": {3, 3}, "<=": {3, 3}, ">": {3, 3}, ">=": {3, 3}, "and": {2, 2}, "or": {1, 1},
}

const unaryPriority = 8

func (p *parser) expr() ast.Expr {
	e := p.subexpr(0)
	p.deepest = max(p.deepest, p.depth)
	return e
}

func (p *parser) subexpr(limit int) ast.Expr {
	p.enter()
	var e ast.Expr
	switch op := p.tok.kind; op {
	case "not", "-", "#":
		p.advance()
		x := p.subexpr(unaryPriority)
		p.deeper(p.depth)
		switch op {
		case "not":
			e = at(p, &ast.UnaryNotOpExpr{Expr: x}, p.lastLine)
			if _, rel := x.(*ast.RelationalOpExpr); rel { // NB: the compiler loses the not of `not (a == b) and c`
				e = at(p, &ast.RelationalOpExpr{Operator: "==", Lhs: x, Rhs: at(p, &ast.FalseExpr{}, p.lastLine)}, p.lastLine)
			}
		case "-":
			e = at(p, &ast.UnaryMinusOpExpr{Expr: x}, p.lastLine)
		default:
			e = at(p, &ast.UnaryLenOpExpr{Expr: x}, p.lastLine)
		}
	default:
		e = p.simple()
	}
	for {
		op := p.tok.kind
		pr, ok := priority[op]
		if !ok || pr[0] <= limit {
			break
		}
		p.advance()
		d := p.depth
		right := p.subexpr(pr[1])
		p.deeper(max(d, p.depth))
		e = p.operation(op, e, right)
	}
	p.leave()
	return e
}

func (p *parser) operation(op string, a, b ast.Expr) ast.Expr {
	switch op {
	case "and", "or":
		return at(p, &ast.LogicalOpExpr{Operator: op, Lhs: a, Rhs: b}, p.lastLine)
	case "..":
		return p.concat(a, b)
	case "^":
		return p.power(a, b)
	case "%":
		return p.modulo(a, b)
	case "==", "~=", "<", "<=", ">", ">=":
		return at(p, &ast.RelationalOpExpr{Operator: op, Lhs: a, Rhs: b}, p.lastLine)
	}
	return at(p, &ast.ArithmeticOpExpr{Operator: op, Lhs: a, Rhs: b}, p.lastLine)
}
