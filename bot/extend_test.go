package bot_test

import (
	"context"
	"time"

	"jitbot/jit"
)

func (s *fakeService) Extend(ctx context.Context, by jit.UserID, id jit.ID, d time.Duration) (jit.Grant, error) {
	if err := s.effect(ctx, by, "extend %s %s %s", by, id, d); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Extend(d, jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}, 1, nil, time.Now())
	})
}

func (s *fakeService) ApproveExtension(ctx context.Context, by jit.UserID, id jit.ID, number int) (jit.Grant, error) {
	if err := s.effect(ctx, by, "approve extension %s %s %d", by, id, number); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.ApproveExtension(number, jit.Person{ID: by}, 1, nil, time.Now())
	})
}

func (s *fakeService) DenyExtension(ctx context.Context, by jit.UserID, id jit.ID, number int) (jit.Grant, error) {
	if err := s.effect(ctx, by, "deny extension %s %s %d", by, id, number); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.DenyExtension(number, jit.Person{ID: by}, "", time.Now())
	})
}
