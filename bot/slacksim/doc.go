// Package slacksim is a Slack workspace in one http.Handler: the Web API under
// /api/, Socket Mode under /link/ and response URLs under /respond/. It speaks
// raw JSON as Slack does, so that a program built on any Slack SDK can be run
// against it unchanged, and it lets a test or a demonstration be the people of
// the workspace: type a slash command, press a button, fill a modal.
//
//	sim := slacksim.New(slacksim.Options{})
//	srv := httptest.NewServer(sim)     // or http.Server, with or without TLS
//	sim.SetURL(srv.URL)
//	defer srv.Close()
//	defer sim.Close()                  // before the server: it ends the sockets
//	api := slack.New(sim.Options().BotToken,
//		slack.OptionAPIURL(srv.URL+"/api/"),
//		slack.OptionAppLevelToken(sim.Options().AppToken))
//
// Over TLS nothing changes but the server: the socket's address becomes wss://
// when the URL is https://.
//
// Limits and error strings follow Slack's documentation (docs.slack.dev): Block
// Kit reference, "Using Socket Mode", "Handling user interaction", and the page
// of each method. Where the documentation is silent the stricter reading was
// taken, and the comment at that place says so.
//
// A Sim is safe for concurrent use. It has no settings outside Options and no
// state outside the value.
package slacksim
