package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strconv"
)

type object = map[string]any

// newDesk is a stand-in for the company's desk: three tickets in memory.
func newDesk() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/tickets", listTickets)
	mux.HandleFunc("POST /v1/tickets", createTicket)
	mux.HandleFunc("GET /v1/tickets/{id}/events", listEvents)
	mux.HandleFunc("POST /v1/tickets/{id}/attachments", addAttachment)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			answer(w, http.StatusUnauthorized, object{"code": "not_found", "message": "who are you?"})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print("desk: ", err)
	}
}

func ticket(id int, title string) object {
	return object{"id": id, "title": title, "state": "open", "assignee": nil, "opened_at": "2026-11-24T09:00:00Z"}
}

// listTickets pages by a cursor: the index of the next ticket.
func listTickets(w http.ResponseWriter, r *http.Request) {
	all := []object{ticket(1, "No light in the stairwell"), ticket(2, "The door sticks"), ticket(3, "A new chair")}
	from, _ := strconv.Atoi(r.FormValue("cursor")) // 0 on the first page
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || from < 0 || from > len(all) {
		answer(w, http.StatusBadRequest, object{"code": "invalid", "field": "limit", "message": "not a number"})
		return
	}
	to, next := from+limit, any(nil)
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	answer(w, http.StatusOK, object{"tickets": all[from:min(to, len(all))], "next_cursor": next})
}

func createTicket(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Title string `json:"title"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Title == "" {
		answer(w, http.StatusUnprocessableEntity, object{"code": "invalid", "field": "title", "message": "a ticket needs a title"})
		return
	}
	answer(w, http.StatusCreated, ticket(4, sent.Title))
}

func listEvents(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, []object{
		{"kind": "state_changed", "from": "waiting", "to": "open"},
		{"kind": "comment_added", "author": "reception", "text": "third time this week"},
	})
}

func addAttachment(w http.ResponseWriter, r *http.Request) {
	file, _, err := r.FormFile("file")
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, object{"code": "invalid", "field": "file", "message": "no file"})
		return
	}
	n, _ := io.Copy(io.Discard, file) // in memory already
	answer(w, http.StatusCreated, object{"id": "a1", "bytes": n})
}
