package local

// applicationID marks our database files ("GWV1"), so that a file of another
// program is told apart from a damaged one.
const applicationID = 0x47575631

// migrations[i] takes the schema from user_version i to i+1, one file each.
// Append only: a released entry never changes. Times are Unix microseconds,
// durations nanoseconds.
var migrations = [...]string{
	schemaV1,
	schemaV2,
	schemaV3,
	schemaV4,
	schemaV5,
	schemaV6,
	schemaV7,
	schemaV8,
	schemaV9,
	schemaV10,
	schemaV11,
	schemaV12,
	schemaV13,
	schemaV14,
	schemaV15,
}
