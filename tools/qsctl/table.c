// SPDX-License-Identifier: GPL-2.0-only
/* Columns as wide as what is in them. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "qsctl.h"

struct cell {
	char *text;
	enum paint paint;
};

struct table {
	const char *const *headings;
	unsigned int columns;
	size_t n_cells;
	size_t room;
	struct cell *cells;
};

struct table *table_new(const char *const *headings, unsigned int columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->headings = headings;
	table->columns = columns;
	return table;
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	table->n_cells = 0;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	table_clear(table);
	free(table->cells);
	free(table);
}

static int make_room(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 64;
	struct cell *cells;

	if (table->n_cells < table->room)
		return 0;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return -1;
	table->cells = cells;
	table->room = room;
	return 0;
}

/* The next cell, from left to right and then down; -1 without memory. */
int table_cell(struct table *table, enum paint p, const char *fmt, ...)
{
	struct cell *cell;
	va_list ap;
	int n;

	if (make_room(table))
		return -1;
	cell = &table->cells[table->n_cells];
	va_start(ap, fmt);
	n = vasprintf(&cell->text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	cell->paint = p;
	table->n_cells++;
	return 0;
}

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static int text_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void measure(const struct table *table, unsigned int columns, int *widths)
{
	for (unsigned int c = 0; c < columns; c++)
		widths[c] = text_width(table->headings[c]);
	for (size_t i = 0; i < table->n_cells; i++) {
		int width = text_width(table->cells[i].text);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
}

static void print_cell(FILE *out, const char *text, enum paint p, int width, bool last)
{
	fprintf(out, "%s%s%s", p ? paint(p) : "", text, p ? paint(PAINT_NONE) : "");
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", width - text_width(text) + 2, "");
}

/* The cells behind this one in its row. */
static bool is_rest_empty(const struct table *table, size_t i)
{
	for (i++; i % table->columns && i < table->n_cells; i++)
		if (table->cells[i].text[0])
			return false;
	return true;
}

/* Returns how many cells that were: no blanks end a line. */
static size_t print_next(const struct table *table, size_t i, const int *widths, FILE *out)
{
	unsigned int column = i % table->columns;
	bool last = is_rest_empty(table, i);

	print_cell(out, table->cells[i].text, table->cells[i].paint, widths[column], last);
	return last ? table->columns - column : 1;
}

/* Nothing at all for an empty table: scripts count lines. */
void table_print(const struct table *table, FILE *out)
{
	int widths[TABLE_COLUMNS_MAX];
	unsigned int columns = table->columns;

	if (!table->n_cells || !columns || columns > TABLE_COLUMNS_MAX)
		return;
	measure(table, columns, widths);
	for (unsigned int c = 0; c < columns; c++)
		print_cell(out, table->headings[c], PAINT_LABEL, widths[c], c + 1 == columns);
	for (size_t i = 0; i < table->n_cells;)
		i += print_next(table, i, widths, out);
}
