package config

import (
	"strings"

	"jitbot/jit"
)

// slack reads where cards go and how Slack is reached.
func (c *Config) slack(s *section, there bool) {
	c.SlackURL = s.https("api_url", defaultSlackURL, true)
	if there {
		s.require("channel", "the id of the channel for cards, such as C0123456789")
	}
	c.Jit.Channel = s.channel("channel")
	if s.values["channel"] != nil && s.values["channel"].Value == "" {
		s.fault("channel", "is empty; write the id of the channel for cards, such as C0123456789")
	}
	s.close()
}

// users reads who is who.
func (c *Config) users(s *section) {
	for _, id := range s.order {
		name := s.text(id, "")
		switch {
		case !idForms().user.MatchString(id):
			s.fault(id, "is no Slack user id; write one such as U0123456789")
		case s.values[id].Kind == 0 || name == "" && s.values[id].Value != "":
			// text said what is wrong
		case !idForms().guid.MatchString(name) && !strings.Contains(strings.Trim(name, "@"), "@") || strings.ContainsAny(name, " \t\r\n"):
			s.fault(id, "%q is no Entra user; write a user name such as someone@example.com, or an object id", name)
		default:
			c.Jit.Users[jit.UserID(id)] = name
		}
	}
}
