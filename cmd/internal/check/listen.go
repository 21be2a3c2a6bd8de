package check

// listening says who may read health and metrics, where that is not only who is on
// this machine.
func (c run) listening() []Finding {
	if !c.Config.ListensToOthers() {
		return nil
	}
	return []Finding{{What: "listen", Note: "whoever reaches this machine at " + c.Config.Listen + " may read /readyz and /metrics," +
		" which tell of grants and faults; let a firewall keep others out, or write 127.0.0.1:9090 under listen"}}
}
