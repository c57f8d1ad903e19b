package googlecalendar

//go:generate go run ../../generator/cmd/grantgen --provider googlecalendar
