package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
)

// Config is a configuration file, read and found without fault.
type Config struct {
	File      string        // where it was read from
	Store     string        // the store's file
	Listen    string        // address of health and metrics; empty: off
	SlackURL  string        // of Slack's Web API
	PerPerson int           // commands a minute
	Webhook   string        // what is told of closings that fail; empty: nobody
	Stream    string        // where events go as they come: stdout or a file; empty: nowhere
	Keep      time.Duration // how old a line of the record is before it may leave the store
	Azure     Azure
	Jit       policies.Config
}

// DefaultStore is the store's file where the configuration names none: beside where
// jitbot is started.
const DefaultStore = "jitbot.db"

const (
	defaultListen    = "127.0.0.1:9090"
	defaultSlackURL  = "https://slack.com/api/"
	defaultPerPerson = 20
	day              = 24 * time.Hour
	maxConfig        = 1 << 20 // bytes; a file beyond is no configuration
)

// Load reads a file. Its error is Faults, or that the file can't be read.
func Load(file string) (Config, error) {
	if fault := path(file); fault != "" {
		return Config{}, fmt.Errorf("the name of the configuration, %q, %s", file, fault)
	}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no configuration %s; write one, or name it with --config", file)
	}
	if err != nil {
		return Config{}, fmt.Errorf("opening the configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(file, data)
}

// Parse reads the text of a file whose name the faults begin with. Its
// error is Faults: everything that is wrong, at once.
func Parse(file string, data []byte) (Config, error) {
	f := &faults{file: file}
	root := f.parse(data)
	if len(f.all) > 0 {
		return Config{}, f.err()
	}
	c := f.config(f.section(root, "", 1))
	c.File = file
	return c, f.err()
}

// With is the configuration for the installation and the subscriptions, each in
// place of its own where it is given.
func (c Config) With(installation string, subscriptions []string) (Config, error) {
	if installation != "" {
		if !rules.ValidInstallation(installation) {
			return Config{}, fmt.Errorf("the installation %q may not stand in rule names; write 1 to 16 of a-z and 0-9", installation)
		}
		c.Jit.Installation = installation
	}
	for _, id := range subscriptions {
		if !idForms().guid.MatchString(id) {
			return Config{}, fmt.Errorf("%q is no subscription id; write one such as 11111111-2222-3333-4444-555555555555", id)
		}
	}
	if len(subscriptions) > 0 {
		c.Azure.Subscriptions = subscriptions
	}
	return c, nil
}

// parse gives the document's mapping.
func (f *faults) parse(data []byte) *yaml.Node {
	if len(data) > maxConfig {
		f.add(0, "", "is larger than a megabyte, so it is no configuration; name the right file with --config")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil
	}
	if err == nil {
		if next := decoder.Decode(&more); next == nil {
			f.add(more.Line, "", "a second document begins here; keep one")
		} else if !errors.Is(next, io.EOF) {
			err = next
		}
	}
	if err != nil {
		line, text := syntax(err)
		f.add(line, "", "is no YAML: %s; mind the indentation, quotes and brackets", text)
		return nil
	}
	return doc.Content[0]
}

// syntax takes the line out of the library's words.
func syntax(err error) (int, string) {
	line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if bad, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, text = bad.Mark.Line, cmp.Or(bad.Message, text)
	}
	text = regexp.MustCompile(`^line \d+: `).ReplaceAllString(text, "")
	return line, text
}

// config maps the file. Here and below a key is read where it belongs; what is
// not built yet is read by the only… methods.
func (f *faults) config(s *section) Config {
	c := Config{Jit: policies.Config{Users: map[jit.UserID]string{}}}
	s.require("installation", "a name of 1 to 16 of a-z and 0-9 that stands in every rule's name, such as prod")
	c.Jit.Installation = s.text("installation", "")
	if s.values["installation"] != nil && c.Jit.Installation != "" && !rules.ValidInstallation(c.Jit.Installation) {
		s.fault("installation", "%q may not stand in rule names; write 1 to 16 of a-z and 0-9", c.Jit.Installation)
	} else if s.has("installation") && c.Jit.Installation == "" && s.values["installation"].Value == "" {
		s.fault("installation", "is empty; write 1 to 16 of a-z and 0-9, such as prod")
	}
	s.require("slack", "slack: with a channel below it")
	c.slack(s.section("slack"), s.has("slack"))
	s.require("azure", "azure: with subscriptions below it")
	c.azure(s.section("azure"), s.has("azure"))
	if c.Store = s.text("store", DefaultStore); c.Store == "" {
		s.fault("store", "is empty; write the name of a file, such as %s", DefaultStore)
	} else if fault := path(c.Store); fault != "" {
		s.fault("store", "%s", fault)
	}
	c.Listen = s.address("listen", defaultListen)
	c.users(s.section("users"))
	c.Jit.MatchEmail = s.flag("match_email")
	c.Jit.RequiredActions = s.actions("required_actions")
	if len(c.Jit.RequiredActions) == 0 {
		c.Jit.RequiredActions = policies.DefaultActions()
	}
	c.Jit.Admins = s.people("admins")
	c.Jit.BreakGlass = s.people("break_glass")
	if len(c.Jit.BreakGlass) > 0 {
		s.fault("break_glass", notBuilt, "[]")
	}
	for _, i := range s.items("approvals") {
		c.Jit.Approvals = append(c.Jit.Approvals, approvalRule(f.section(i.node, i.path, i.node.Line)))
	}
	for _, i := range s.items("policies") {
		c.Jit.Policies = append(c.Jit.Policies, offer(f.section(i.node, i.path, i.node.Line)))
	}
	c.Jit.Bands = bands(s.section("bands"))
	c.rest(s)
	s.close()
	return c
}

// rest are the small sections.
func (c *Config) rest(s *section) {
	ip := s.section("my_ip")
	ip.onlyNoText("listen")
	ip.onlyNoText("url")
	ip.onlyEmpty("proxies")
	ip.close()
	alerts := s.section("alerts")
	c.Webhook = alerts.webhook("webhook")
	alerts.close()
	scan := s.section("scan")
	c.Jit.Digest = scan.schedule("digest")
	scan.close()
	record := s.section("record")
	c.Keep = record.days("keep", 400*day, day, 100*366*day)
	if c.Stream = record.text("stream", ""); c.Stream != "" {
		if fault := path(c.Stream); fault != "" {
			record.fault("stream", "%s", fault)
		}
	}
	record.close()
	rate := s.section("rate")
	c.PerPerson = rate.number("per_person", defaultPerPerson, 1, 10000)
	rate.close()
}
