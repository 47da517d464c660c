package lualib

import (
	"fmt"
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// statement reads one, and says whether it must be the last of its block.
func (p *parser) statement() (s ast.Stmt, last bool) {
	line := p.tok.line
	switch p.tok.kind {
	case "if":
		return p.ifStmt(line), false
	case "while":
		return p.whileStmt(line), false
	case "do":
		p.advance()
		b := &ast.DoBlockStmt{Stmts: p.block()}
		return p.close(b, "do", line), false
	case "for":
		return p.forStmt(line), false
	case "repeat":
		return p.repeatStmt(line), false
	case "function":
		return p.functionStmt(line), false
	case "local":
		p.advance()
		if p.accept("function") {
			return p.localFunction(line), false
		}
		return p.localStmt(line), false
	case "return":
		return p.returnStmt(line), true
	case "break":
		p.advance()
		if p.fs.loops == 0 {
			p.syntax("no loop to break")
		}
		return at(p, &ast.BreakStmt{}, line), true
	}
	return p.exprStmt(line), false
}

// close reads the end of a statement that began at a line.
func (p *parser) close(s ast.Stmt, who string, line int) ast.Stmt {
	s.SetLine(p.mark(line))
	s.SetLastLine(p.mark(p.tok.line))
	p.match("end", who, line)
	return s
}

// maxElseIfs bounds the branches of one if, which nest in the tree: compiling them takes the square of their number.
const maxElseIfs = 2000

func (p *parser) ifStmt(line int) ast.Stmt {
	p.advance()
	first := &ast.IfStmt{Condition: p.expr()}
	p.expect("then")
	first.Then = p.block()
	first.SetLine(p.mark(line))
	cur := first
	for n := 0; p.tok.kind == "elseif"; n++ {
		if n == maxElseIfs {
			p.syntax("chunk has too many syntax levels")
		}
		s := at(p, &ast.IfStmt{}, p.tok.line)
		p.advance()
		s.Condition = p.expr()
		p.expect("then")
		s.Then = p.block()
		p.deepest = p.deeper(p.deepest)
		cur.Else = []ast.Stmt{s}
		cur = s
	}
	if p.accept("else") {
		cur.Else = p.block()
	}
	return p.close(first, "if", line)
}

func (p *parser) whileStmt(line int) ast.Stmt {
	p.advance()
	s := &ast.WhileStmt{Condition: p.expr()}
	p.expect("do")
	p.fs.loops++
	s.Stmts = p.block()
	p.fs.loops--
	return p.close(s, "while", line)
}

func (p *parser) repeatStmt(line int) ast.Stmt {
	p.advance()
	n := len(p.fs.locals)
	p.fs.loops++
	s := &ast.RepeatStmt{Stmts: p.chunk()}
	p.match("until", "repeat", line)
	s.Condition = p.expr() // the locals of the block are in scope
	p.fs.loops--
	p.fs.locals = p.fs.locals[:n]
	s.SetLine(p.mark(line))
	s.SetLastLine(p.mark(p.lastLine))
	return s
}

func (p *parser) forStmt(line int) ast.Stmt {
	p.advance()
	n := len(p.fs.locals)
	name := p.name()
	var s ast.Stmt
	switch p.tok.kind {
	case "=":
		p.advance()
		f := &ast.NumberForStmt{Name: name, Init: p.loopNumber(markInit)}
		p.expect(",")
		f.Limit = p.loopNumber(markLimit)
		if p.accept(",") {
			f.Step = p.loopNumber(markStep)
		}
		p.declare("(for index)", "(for limit)", "(for step)")
		p.expect("do")
		p.declare(name)
		p.fs.loops++
		f.Stmts = p.block()
		s = f
	case ",", "in":
		names := []string{name}
		for p.accept(",") {
			names = append(names, p.name())
		}
		p.expect("in")
		f := &ast.GenericForStmt{Names: names, Exprs: p.exprList()}
		p.declare("(for generator)", "(for state)", "(for control)")
		p.expect("do")
		p.declare(names...)
		p.fs.loops++
		f.Stmts = p.block()
		s = f
	default:
		p.syntax("'=' or 'in' expected")
	}
	p.fs.loops--
	p.fs.locals = p.fs.locals[:n]
	return p.close(s, "for", line)
}

func (p *parser) functionStmt(line int) ast.Stmt {
	p.advance()
	name := &ast.FuncName{}
	var target ast.Expr = p.variable()
	self := false
	for p.tok.kind == "." {
		target = p.field(target)
	}
	if p.tok.kind == ":" {
		p.advance()
		self = true
		name.Receiver, name.Method = target, p.name()
		p.constant(name.Method)
	} else {
		name.Func = target
	}
	f := p.body(self, line)
	if self {
		// gopher-lua adds the parameter itself.
		f.ParList.Names = f.ParList.Names[1:]
	}
	s := &ast.FuncDefStmt{Name: name, Func: f}
	s.SetLine(p.mark(line))
	s.SetLastLine(p.mark(f.LastLine()))
	return s
}

func (p *parser) localFunction(line int) ast.Stmt {
	name := p.name()
	p.declare(name)
	f := p.body(false, p.lastLine)
	s := &ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{f}}
	s.SetLine(p.mark(line))
	s.SetLastLine(p.mark(f.LastLine()))
	return s
}

func (p *parser) localStmt(line int) ast.Stmt {
	names := []string{p.name()}
	for p.accept(",") {
		names = append(names, p.name())
		p.limit(len(p.fs.locals)+len(names)-p.fs.implied(), maxLocals, "local variables")
	}
	exprs := []ast.Expr{}
	if p.accept("=") {
		exprs = p.exprList()
	}
	p.declare(names...)
	return p.hideFunction(at(p, &ast.LocalAssignStmt{Names: names, Exprs: exprs}, line))
}

func (p *parser) returnStmt(line int) ast.Stmt {
	p.advance()
	s := at(p, &ast.ReturnStmt{}, line)
	if !p.blockEnds() && p.tok.kind != ";" {
		s.Exprs = p.exprList()
	}
	return s
}

func (p *parser) exprStmt(line int) ast.Stmt {
	e, kind := p.primary()
	if kind == "call" {
		return at(p, &ast.FuncCallStmt{Expr: e}, line)
	}
	s := at(p, &ast.AssignStmt{Lhs: []ast.Expr{e}}, line)
	for {
		if kind != "var" {
			p.syntax("syntax error")
		}
		if !p.accept(",") {
			break
		}
		e, kind = p.primary()
		s.Lhs = append(s.Lhs, e)
		p.limit(len(s.Lhs), maxLevels-p.levels, "variables in assignment")
	}
	p.expect("=")
	s.Rhs = p.exprList()
	for _, l := range s.Lhs {
		at(p, l, p.lastLine)
	}
	if len(s.Lhs) > 1 || len(s.Rhs) > 1 {
		return p.assignMany(s, line)
	}
	// The compiler builds a call of one value, (f(x)), whose target is the last parameter in the registers from that
	// parameter on: over the function's other locals, and over the parameter, which x may need. It does not where the
	// call may have several values, of which an assignment takes the first anyway. The same for (...), which would take
	// all registers behind the target.
	switch rhs := s.Rhs[0].(type) {
	case *ast.FuncCallExpr:
		rhs.AdjustRet = false
	case *ast.Comma3Expr:
		rhs.AdjustRet = false
	case *ast.LogicalOpExpr:
		// In x = f() and y, the compiler does not store what f returns in x when that decides.
		if name, ok := s.Lhs[0].(*ast.IdentExpr); ok && slices.Contains(p.fs.locals, name.Value) {
			return p.assignMany(s, line)
		}
	}
	return s
}

// assignMany writes an assignment of several as a block that evaluates everything first, into locals without a name. The
// compiler stores local variables as soon as it has their value: x, y = y, x makes both y.
//
//	a.b[i], x = f()     do local o, k = a.b, i; local v1, v2 = f(); x = v2; o[k] = v1 end
func (p *parser) assignMany(s *ast.AssignStmt, line int) ast.Stmt {
	local := func(i int, what string) (string, ast.Expr) {
		name := fmt.Sprintf("(%s %d)", what, i)
		p.fs.decls = append(p.fs.decls, decl{name, -1})
		return name, at(p, &ast.IdentExpr{Value: name}, p.lastLine)
	}
	var places, values ast.LocalAssignStmt
	stores := make([]ast.Stmt, len(s.Lhs))
	for i, l := range s.Lhs {
		if t, ok := l.(*ast.AttrGetExpr); ok {
			name, e := local(i, "table")
			places.Names, places.Exprs = append(places.Names, name), append(places.Exprs, oneValue(t.Object))
			t.Object = e
			if _, constant := t.Key.(ast.ConstExpr); !constant {
				name, e = local(i, "key")
				places.Names, places.Exprs = append(places.Names, name), append(places.Exprs, oneValue(t.Key))
				t.Key = e
			}
		}
		name, e := local(i, "value")
		values.Names = append(values.Names, name)
		stores[len(stores)-1-i] = at(p, &ast.AssignStmt{Lhs: []ast.Expr{l}, Rhs: []ast.Expr{e}}, p.lastLine)
	}
	values.Exprs = s.Rhs
	block := &ast.DoBlockStmt{}
	if len(places.Names) > 0 {
		block.Stmts = append(block.Stmts, p.hideFunction(at(p, &places, line)))
	}
	block.Stmts = append(append(block.Stmts, p.hideFunction(at(p, &values, p.lastLine))), stores...)
	return at(p, block, line)
}

// hideFunction keeps gopher-lua from taking local f = function for local function f.
func (p *parser) hideFunction(s *ast.LocalAssignStmt) ast.Stmt {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, fn := s.Exprs[0].(*ast.FunctionExpr); fn {
			s.Exprs = append(s.Exprs, at(p, &ast.NilExpr{}, s.LastLine()))
		}
	}
	return s
}
