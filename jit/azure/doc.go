// Package azure is the adapter to Azure: network security groups and firewalls
// through Resource Manager, the virtual machines and the network around them,
// and Entra users with their Azure roles through Resource Manager and Microsoft
// Graph. Its files are named by the resource that they are about.
//
// It translates what Azure says into the domain's words and kinds of errors,
// once and here; an unknown value is something that is not known, never nothing.
// Of network security groups it writes single rules, so that other people's rules
// are never part of a request, unless it is told to write many at once; a
// firewall is one document, and is written back as it was read. A 429 is waited
// out as long as it says, for each subscription, and nothing is sent meanwhile.
//
// It imports the domain and Azure's clients, and no other adapter. Its tests run
// it over azuresim; whole lives of grants over both are tested with the service,
// in the tests of cmd.
package azure
