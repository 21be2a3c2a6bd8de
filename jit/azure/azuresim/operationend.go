package azuresim

import "fmt"

// finish ends an operation and changes the etag for the second time.
func (s *Sim) finish(op *operation) {
	op.status = op.outcome
	if op.done != nil {
		op.done()
		return
	}
	g := s.nsgs[op.nsg]
	if g == nil {
		return
	}
	switch {
	case op.rule == "" && op.deletes:
		if op.outcome == succeeded {
			delete(s.nsgs, op.nsg)
			return
		}
	case op.rule == "":
		s.finishGroup(op, g)
	default:
		s.finishRule(op, g)
	}
	g.etag = s.newGUID()
	g.state = succeeded
	if op.outcome == failed {
		g.state = failed
	}
	if s.busyWith(op.nsg) != nil {
		g.state = updating
	}
}

func (s *Sim) finishGroup(op *operation, g *guard) {
	for _, w := range g.rules {
		if w.turn <= op.turn {
			w.state = op.outcome
		}
	}
	switch {
	case op.outcome != failed: // of one that is superseded, the later write brings about what is written
		g.behind = false
		g.later(effect{at: op.end.Add(op.lateEffect), to: g.table()})
	case op.restores != nil && g.turn == op.turn:
		g.rules = op.restores
	default:
		g.behind = true
	}
}

func (s *Sim) finishRule(op *operation, g *guard) {
	w := g.rules[op.rule]
	if w == nil && op.deletes {
		return // somebody else was quicker: it is gone all the same
	}
	if w == nil || w.turn != op.turn {
		op.supersede()
		return
	}
	if op.outcome != succeeded {
		w.state = failed
		return
	}
	if op.deletes {
		delete(g.rules, op.rule)
	} else {
		w.state = succeeded
	}
	if g.behind && s.busyWith(op.nsg) == nil {
		g.behind = false
		g.later(effect{at: op.end.Add(op.lateEffect), to: g.table()})
		return
	}
	g.later(effect{at: op.end.Add(op.lateEffect), rule: op.rule, to: g.table()})
}

func (op *operation) supersede() {
	op.status, op.outcome = "Canceled", "Canceled"
	op.failure = &problem{
		code: "Canceled", message: "Operation was canceled.", detailCode: "CanceledAndSupersededDueToAnotherOperation",
		detailMessage: fmt.Sprintf("Operation %s (%s) was canceled and superseded by another operation.", op.kind, op.id),
	}
}
