/* SPDX-License-Identifier: MIT */

/* style.c - a style sheet in the program, so that the demo is one file that
 * runs from anywhere. */

#include "style.h"

#include <gtk/gtk.h>

static const char sheet[] =
    "window { background: #f5f6fa; color: #23263a; }\n"
    "headerbar { background: #ffffff; }\n"
    ".overview {\n"
    "  padding: 18px 28px 18px 24px;\n"
    "  background: linear-gradient(100deg, #1b1e30, #262a45 60%, #1f3348);\n"
    "  color: #eef1fb;\n"
    "}\n"
    ".figure {\n"
    "  font-size: 19px; font-weight: 600;\n"
    "  font-feature-settings: 'tnum';\n"
    "}\n"
    ".caption { font-size: 12px; color: #98a1c0; }\n"
    "graph { min-height: 64px; border-radius: 8px; background: #161929; }\n"
    ".downloads {\n"
    "  margin: 20px 24px 24px 24px;\n"
    "  background: #ffffff;\n"
    "  border: 1px solid #dfe2ec; border-radius: 12px;\n"
    "}\n"
    ".downloads > row { padding: 11px 14px 11px 18px; }\n"
    ".downloads > row + row { border-top: 1px solid #ebedf4; }\n"
    ".downloads .name { font-weight: 600; }\n"
    ".downloads .status {\n"
    "  color: #6a708a; font-size: 13px;\n"
    "  font-feature-settings: 'tnum';\n"
    "}\n"
    ".downloads trough, .downloads progress {\n"
    "  min-height: 6px; min-width: 1px; margin: 0;\n"
    "  border: none; border-radius: 3px;\n"
    "}\n"
    ".downloads trough { background: #e8eaf2; }\n"
    ".downloads progress { background: #3a86d8; }\n"
    ".downloads .idle progress { background: transparent; }\n"
    ".downloads .done progress { background: #2fa36b; }\n"
    ".downloads .cancelled progress { background: #b9bed0; }\n"
    ".downloads .failed progress { background: #d64545; }\n"
    ".downloads .done .status { color: #23804f; }\n"
    ".downloads .failed .status { color: #b93232; }\n"
    ".question { padding: 24px 32px 28px 32px; }\n";

void style_load(void)
{
    GtkCssProvider *provider = gtk_css_provider_new();

    gtk_css_provider_load_from_data(provider, sheet, -1);
    gtk_style_context_add_provider_for_display(
        gdk_display_get_default(), GTK_STYLE_PROVIDER(provider),
        GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    g_object_unref(provider);
}
