package arrows_test

import (
	"go/ast"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

// variables are those of packages: by package below the module and name.
type variables map[string]map[string]*ast.ValueSpec

// TestNoStateInPackages holds that a variable of a package is what it was made
// as: a table, a sentinel, a pattern. Where it is assigned, an element of it is
// set, or its address is taken, it is state that everybody shares.
func TestNoStateInPackages(t *testing.T) {
	var files []source
	all := variables{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		files = append(files, s)
		all.declare(t, s)
	}
	for _, s := range files {
		all.written(s, func(name string, at token.Pos) {
			t.Errorf("%s: %s is a variable of the package and is changed, or may be", s.set.Position(at), name)
		})
	}
}

// declare adds a file's variables. Locks and the like are state by themselves.
func (v variables) declare(t *testing.T, s source) {
	t.Helper()
	pkg := path.Dir(s.path)
	if v[pkg] == nil {
		v[pkg] = map[string]*ast.ValueSpec{}
	}
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			one, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if from := typeFrom(one.Type); from == "sync" || from == "atomic" {
				t.Errorf("%s: a variable of the package is shared state", s.set.Position(one.Pos()))
			}
			for _, name := range one.Names {
				if name.Name != "_" { // such as what holds a type to an interface
					v[pkg][name.Name] = one
				}
			}
		}
	}
}

// typeFrom is the package's word in the name of a type.
func typeFrom(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if id, ok := s.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

// written finds what a file changes of the variables, its own package's and
// others'.
func (v variables) written(s source, found func(name string, at token.Pos)) {
	check := func(e ast.Expr) {
		if name, ok := v.root(s, e); ok {
			found(name, e.Pos())
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					check(e)
				}
			}
		case *ast.IncDecStmt:
			check(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				check(n.Key)
				check(n.Value)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X)
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (id.Name == "delete" || id.Name == "clear" || id.Name == "copy") {
				check(n.Args[0])
			}
		}
		return true
	})
}

// root is the variable of a package that the expression is, or is a part of.
func (v variables) root(s source, e ast.Expr) (string, bool) {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && id.Obj == nil {
				if pkg, ok := imported(s, id.Name); ok {
					return x.Sel.Name, v[pkg][x.Sel.Name] != nil
				}
			}
			e = x.X
		case *ast.Ident:
			spec := v[path.Dir(s.path)][x.Name]
			return x.Name, spec != nil && (x.Obj == nil || x.Obj.Decl == spec)
		default:
			return "", false
		}
	}
}

// imported is the package of ours that the file calls by the word.
func imported(s source, word string) (string, bool) {
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		pkg, ours := strings.CutPrefix(p, module+"/")
		if err == nil && ours && (i.Name != nil && i.Name.Name == word || i.Name == nil && path.Base(p) == word) {
			return pkg, true
		}
	}
	return "", false
}
