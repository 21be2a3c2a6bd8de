package program_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
)

// reader installs jitbot as the README says, command by command, in an empty
// folder.
type reader struct {
	*site
	folder string
	roles  map[string]string // ids of definitions by name
}

// TestReadmeInstall: from nothing but the README's commands and its
// configuration, jitbot check is green, and somebody asks, somebody approves,
// and it is open.
func TestReadmeInstall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.azure.DeleteVM(azuresim.DemoBare) // it has no network security group, which no README mends
	// Nobody holds anything but what the README's commands give.
	for _, id := range []string{azuresim.RoleJITBot, azuresim.RoleJITRequester} {
		s.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: id, Name: "nothing " + id, Custom: true})
	}
	s.azure.Configure(func(c *azuresim.Settings) { c.EnforceRBAC = true })
	r := &reader{site: s, folder: t.TempDir(), roles: map[string]string{}}
	text, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text2, _ := strings.Cut(string(text), "\n## Install\n")
	section, _, _ := strings.Cut(text2, "\n**6. ")
	before := s.foreign()
	done := r.follow(r.ownValues(section))
	for _, verb := range []string{"jitbot manifest", "jitbot role --installation", "az role definition", "az role assignment", "az rest", "jitbot role --requester", "jitbot check"} {
		if !slices.ContainsFunc(done, func(line string) bool { return strings.HasPrefix(line, verb) }) {
			t.Errorf("the README has no %s in %q", verb, done)
		}
	}
	s.file = filepath.Join(r.folder, "jitbot.yaml")
	p := s.startIn(r.folder, "run")
	s.request("1h")
	s.approve()
	s.awaitTold("is open until")
	if rules := s.rules(); len(rules) != 2 {
		t.Errorf("open was said with the rules %q", rules)
	}
	p.stop()
	if after := s.foreign(); after != before {
		t.Errorf("other people's rules (-before +after):\n%s\n%s", before, after)
	}
}

// ownValues are what a reader puts in place of the README's, and where the
// simulators are.
func (r *reader) ownValues(text string) string {
	return strings.NewReplacer(
		"11111111-2222-3333-4444-555555555555", azuresim.DemoSubscription, "<object id>", azuresim.DefaultPrincipalID,
		"C0123456789", slacksim.DemoChannelID, "U0123456789", slacksim.DemoEngineerID, "U0234567890", slacksim.DemoApproverID,
		"ada@example.com", azuresim.DemoAdaUPN, "grace@example.com", azuresim.DemoGraceMail,
		"\nslack: {", "\nlisten: 127.0.0.1:0\nslack: {api_url: "+r.slackURL+"/api/, ",
		"\nazure: {", fmt.Sprintf("\nazure: {poll: 100ms, cloud: custom, custom: {authority_host: %s/, resource_manager: {endpoint: %[1]s, audience: %[2]s}, graph: {endpoint: %[1]s, audience: %[3]s}}, ",
			r.armURL, azuresim.DefaultAudience, azuresim.DefaultGraph),
	).Replace(text)
}

// follow runs the commands of a text, and writes its configuration where that
// stands. It gives the commands, each in one line.
func (r *reader) follow(text string) []string {
	r.t.Helper()
	var done []string
	command, yaml, inside := "", "", false
	for line := range strings.SplitSeq(text, "\n") {
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case strings.HasPrefix(line, "```"):
			if inside {
				r.write(filepath.Join(r.folder, "jitbot.yaml"), yaml)
			}
			inside = !inside
		case inside:
			yaml += line + "\n"
		case indented:
			more := false
			code, more = strings.CutSuffix(code, "\\")
			command += code
			if !more {
				r.run(command)
				done = append(done, command)
				command = ""
			}
		}
	}
	return done
}

// words splits a command as a shell does, as far as the README needs it.
func words(command string) []string {
	var out []string
	for _, w := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\S+`).FindAllString(command, -1) {
		if len(w) > 1 && w[0] == '"' {
			w = strings.ReplaceAll(w[1:len(w)-1], `\"`, `"`)
		}
		out = append(out, w)
	}
	return out
}

func (r *reader) run(command string) {
	r.t.Helper()
	args := words(command)
	switch {
	case args[0] == "make" || args[0] == "sudo":
	case args[0] == "jitbot":
		r.jitbot(args[1:])
	case strings.HasPrefix(command, "az role definition create --role-definition @"):
		r.createRole(strings.TrimPrefix(args[len(args)-1], "@"))
	case strings.HasPrefix(command, "az role assignment create "):
		r.assignRole(options(args[4:]))
	case strings.HasPrefix(command, "az rest "):
		r.grantGraph(options(args[2:]))
	default:
		r.t.Fatalf("who knows what %q does?", command)
	}
}

// options reads --name value pairs.
func options(args []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		out[strings.TrimLeft(args[i], "-")] = args[i+1]
	}
	return out
}

func (r *reader) jitbot(args []string) {
	r.t.Helper()
	file := ""
	if at := slices.Index(args, ">"); at >= 0 {
		file, args = args[at+1], args[:at]
	}
	p := r.startIn(r.folder, args...)
	if code := p.code(); code != 0 || strings.Contains(p.out.String(), "FAULT") {
		r.t.Fatalf("jitbot %q: exit %d\n%s%s", args, code, p.out.String(), p.err.String())
	}
	if file != "" {
		r.write(filepath.Join(r.folder, file), p.out.String())
	}
}

// createRole sends what az sends, as the subscription's owner.
func (r *reader) createRole(file string) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.folder, file))
	var role struct {
		Name, Description                     string
		Actions, NotActions, AssignableScopes []string
	}
	if err = errors.Join(err, json.Unmarshal(text, &role)); err != nil {
		r.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"properties": map[string]any{
		"roleName": role.Name, "description": role.Description, "type": "CustomRole", "assignableScopes": role.AssignableScopes,
		"permissions": []map[string]any{{"actions": role.Actions, "notActions": role.NotActions}},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	id := fmt.Sprintf("c1000000-0000-4000-8000-%012d", len(r.roles))
	status, answer := r.asOwner(http.MethodPut, role.AssignableScopes[0]+"/providers/Microsoft.Authorization/roleDefinitions/"+id+"?api-version=2022-04-01", body)
	if status != http.StatusCreated {
		r.t.Fatalf("%s: %d %s", file, status, answer)
	}
	r.roles[role.Name] = id
}

// asOwner signs in as somebody who owns the subscription.
func (r *reader) asOwner(method, path string, body []byte) (int, string) {
	r.t.Helper()
	owner := azuresim.App{ClientID: "d0700000-0000-4000-8000-00000000c11e", Secret: "owner", PrincipalID: "d0700000-0000-4000-8000-0000000000b1"}
	r.azure.AddApp(owner)
	r.azure.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: azuresim.RoleOwner, Principal: owner.PrincipalID, PrincipalType: "ServicePrincipal"})
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {owner.ClientID}, "client_secret": {owner.Secret}, "scope": {azuresim.DefaultAudience + "/.default"},
	}
	_, answer := r.send(http.MethodPost, "/"+azuresim.DefaultTenantID+"/oauth2/v2.0/token", "", []byte(form.Encode()))
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(answer), &token); err != nil {
		r.t.Fatalf("%v in %s", err, answer)
	}
	return r.send(method, path, token.Text, body)
}

func (r *reader) send(method, path, token string, body []byte) (int, string) {
	req := httptest.NewRequest(method, r.armURL+path, bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	r.azure.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

func (r *reader) assignRole(o map[string]string) {
	r.t.Helper()
	to := map[string]string{azuresim.DemoAdaUPN: azuresim.DemoAda, azuresim.DefaultPrincipalID: azuresim.DefaultPrincipalID}[o["assignee"]]
	role := r.roles[o["role"]]
	if to == "" || role == "" || o["scope"] != azuresim.DemoSubscriptionScope {
		r.t.Fatalf("%q: there are the roles %q", o, r.roles)
	}
	r.azure.Assign(azuresim.RoleAssignment{Scope: o["scope"], Role: role, Principal: to})
}

// grantGraph wants the one request that gives User.Read.All to an identity.
func (r *reader) grantGraph(o map[string]string) {
	r.t.Helper()
	var body struct{ PrincipalID, AppRoleID, ResourceID string }
	err := json.Unmarshal([]byte(o["body"]), &body)
	want := "https://graph.microsoft.com/v1.0/servicePrincipals/" + azuresim.DefaultPrincipalID + "/appRoleAssignments"
	if err != nil || o["method"] != http.MethodPost || o["url"] != want || body.PrincipalID != azuresim.DefaultPrincipalID ||
		body.AppRoleID != "df021288-bdef-4463-88db-98f22de89214" || !strings.Contains(body.ResourceID, "00000003-0000-0000-c000-000000000000") {
		r.t.Errorf("%q, %v", o, err)
	}
}

// TestReadmeUnit: the unit makes the user that it runs as, or the README says how to.
func TestReadmeUnit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile("(?s)```ini\n(.*?)```").FindSubmatch(text)
	if unit == nil {
		t.Fatal("the README has no unit")
	}
	user := regexp.MustCompile(`(?m)^User=(\w+)$`).FindSubmatch(unit[1])
	if user != nil && !bytes.Contains(unit[1], []byte("\nDynamicUser=true\n")) && !bytes.Contains(text, append([]byte("useradd --system "), user[1]...)) {
		t.Errorf("nothing makes the user %s", user[1])
	}
}
