// Package bolt keeps grants, protections, the record, the notices and the
// deliveries in one bbolt file.
//
// One instance is active at a time: the lock of the file is the election. A
// file that is exposed, foreign, newer, damaged or replaced is refused with a
// sentence that says what to do; closing then still works from the rules in
// Azure.
//
// Everything is durable when a method returns nil, and many writers share one
// sync. After a write that the disk refused nothing more is written. Records
// are JSON with a checksum over bucket, key and value; what cannot be read is
// reported as store.ErrCorrupt with its name, never skipped. The reader of each
// version of a record and of the schema stays for ever.
//
// It imports the domain, bbolt and package store, and no other adapter. Beside
// its own tests it passes the suite of store/storetest; whole lives over a real
// file, crashes at any point and damaged bytes are tested with the service, in
// the tests of cmd.
package bolt
