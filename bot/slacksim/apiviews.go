package slacksim

// viewArgument takes the view out of a call and checks it.
func (s *Sim) viewArgument(c *call, kind string) (object, *apiError) {
	v, present, ok := c.structure("view")
	if !present {
		_, err := missing("view")
		return nil, err
	}
	if !ok {
		return nil, invalid("invalid_arguments", []string{"[ERROR] must provide an object [json-pointer:/view]"})
	}
	if err := checkView(v, kind); err != nil {
		return nil, err
	}
	return copyObject(v.(object)), nil
}

func (s *Sim) viewsOpen(c *call) (object, *apiError) {
	body, err := s.viewArgument(c, onModal)
	if err != nil {
		return nil, err
	}
	t, err := s.spend(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	if s.taken(str(body, "external_id"), "") {
		return fail("duplicate_external_id")
	}
	// A new modal takes the place of those that are open.
	s.closeAll(t.user)
	v := s.newView(t.user, body)
	s.stack(v)
	return object{"view": s.viewObject(v)}, nil
}

func (s *Sim) viewsPush(c *call) (object, *apiError) {
	body, err := s.viewArgument(c, onModal)
	if err != nil {
		return nil, err
	}
	t, err := s.spend(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	switch n := len(s.stacks[t.user]); {
	case n == 0 || t.view == "":
		// Pushing needs an open modal, and a trigger that came from one.
		return fail("not_found")
	case n >= maxStack:
		return fail("push_limit_reached")
	case s.taken(str(body, "external_id"), ""):
		return fail("duplicate_external_id")
	}
	v := s.newView(t.user, body)
	s.stack(v)
	return object{"view": s.viewObject(v)}, nil
}

func (s *Sim) viewsUpdate(c *call) (object, *apiError) {
	v := s.views[c.str("view_id")]
	if v == nil && c.str("external_id") != "" {
		for _, x := range s.views {
			if !x.closed && str(x.body, "external_id") == c.str("external_id") {
				v = x
			}
		}
	}
	body, err := s.viewArgument(c, onModal)
	switch {
	case err != nil:
		return nil, err
	case v == nil || v.closed:
		return fail("not_found")
	case c.str("hash") != "" && c.str("hash") != v.hash:
		return fail("hash_conflict")
	case s.taken(str(body, "external_id"), v.id):
		return fail("duplicate_external_id")
	}
	s.rewrite(v, body)
	return object{"view": s.viewObject(v)}, nil
}

func (s *Sim) viewsPublish(c *call) (object, *apiError) {
	if s.opt.NoHome {
		return fail("not_enabled")
	}
	body, err := s.viewArgument(c, onHome)
	if err != nil {
		return nil, err
	}
	user := c.str("user_id")
	if u, ok := s.users[user]; !ok || u.Deleted {
		return fail("user_not_found")
	}
	v := s.homes[user]
	if v != nil && c.str("hash") != "" && c.str("hash") != v.hash {
		return fail("hash_conflict")
	}
	id := ""
	if v != nil {
		id = v.id
	}
	if s.taken(str(body, "external_id"), id) {
		return fail("duplicate_external_id")
	}
	if v == nil {
		v = s.newView(user, body)
	} else {
		s.rewrite(v, body)
	}
	s.homes[user] = v
	s.touch()
	return object{"view": s.viewObject(v)}, nil
}
