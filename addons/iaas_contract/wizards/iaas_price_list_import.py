import base64
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..price_sheet import SheetError, dimension_column, parse, read_table
from ..pricing import dimension_key


class IaasPriceListImport(models.TransientModel):
    """Reads a file of prices into a draft version, after showing what changes."""

    _name = "iaas.price.list.import"
    _description = "Import a Price List"

    version_id = fields.Many2one("iaas.price.list.version", required=True)
    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    missing = fields.Selection(
        [("keep", "Stay as they are"), ("end", "End")],
        string="Prices Not in the File",
        required=True,
        default="keep",
    )
    line_ids = fields.One2many(
        "iaas.price.list.import.line", "import_id", string="Changes", readonly=True
    )
    error_ids = fields.One2many(
        "iaas.price.list.import.error", "import_id", string="Mistakes", readonly=True
    )
    state = fields.Selection(
        [("file", "File"), ("errors", "Mistakes"), ("preview", "Preview")],
        compute="_compute_state",
    )
    summary = fields.Char(compute="_compute_state")

    @api.depends("line_ids.kind", "error_ids")
    def _compute_state(self):
        kinds = self.env["iaas.price.list.import.line"]._fields["kind"]
        labels = dict(kinds._description_selection(self.env))
        for wizard in self:
            wizard.state = "file"
            wizard.summary = False
            if wizard.error_ids:
                wizard.state = "errors"
                wizard.summary = self.env._(
                    "%(count)s mistakes: mend them in the file and upload it again. "
                    "Nothing was changed.",
                    count=len(wizard.error_ids),
                )
            elif wizard.line_ids:
                wizard.state = "preview"
                wizard.summary = ", ".join(
                    f"{labels[kind]}: {len(lines)}"
                    for kind, lines in wizard.line_ids.grouped("kind").items()
                )

    @api.onchange("file", "missing")
    def _onchange_file(self):
        self.line_ids = self.error_ids = [Command.clear()]

    # === ACTIONS ===

    def action_preview(self):
        """Show what the file would change, or what is wrong with it."""
        self.ensure_one()
        self.version_id._check_draft()
        prices, errors = self._read()
        lines = [] if errors else self._prepare_lines(prices)
        self.write(
            {
                "error_ids": [
                    Command.clear(),
                    *(Command.create(error._asdict()) for error in sorted(errors)),
                ],
                "line_ids": [
                    Command.clear(),
                    *(Command.create(line) for line in lines),
                ],
            }
        )
        return self._reopen()

    def action_apply(self):
        """Write the new and changed prices into the draft version."""
        self.ensure_one()
        version = self.version_id
        version._check_draft()
        prices, errors = self._read()
        if errors:
            raise UserError(
                self.env._("The file has mistakes: preview it to see them.")
            )
        products = self.env["product.product"].union(
            *(product for product, _values in prices)
        )
        current = version._get_predecessors(products)
        commands, named = [], set()
        for product, values in prices:
            price = self._new_price(product, values)
            named.add(price._get_scope())
            old = current.get(price._get_scope(), self.env["iaas.price"])
            if price._compare(old)[0] != "unchanged":
                commands.append(Command.create({"product_id": product.id, **values}))
        replaced = version.price_ids.filtered(lambda p: p._get_scope() in named)
        commands = [Command.delete(price.id) for price in replaced] + commands
        ended = version.ended_price_ids.filtered(
            lambda price: price._get_scope() not in named
        )
        if self.missing == "end":
            ended |= self._get_missing(named)
        version.write(
            {"price_ids": commands, "ended_price_ids": [Command.set(ended.ids)]}
        )
        version.message_post(
            body=self.env._("Prices imported from %(file)s.", file=self.file_name or "")
        )
        return {"type": "ir.actions.act_window_close"}

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Prices"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # === BUSINESS ===

    def _read(self):
        """The products of the file with the values of their prices, and mistakes."""
        try:
            rows = list(read_table(base64.b64decode(self.file), self.file_name or ""))
        except ValueError as error:
            return [], [SheetError(1, "", self.file_name or "", str(error))]
        Dimension = self.env["iaas.price.dimension"]
        sheet_prices, errors = parse(rows, Dimension._get_order())
        products = self._find_products({price.product for price in sheet_prices})
        prices, seen = [], {}
        for sheet_price in sheet_prices:
            found = products[sheet_price.product]
            subject = (found, dimension_key(sheet_price.dimensions))
            reason = self._product_obstacle(found, seen.get(subject))
            if reason:
                errors.append(
                    SheetError(sheet_price.row, "product", sheet_price.product, reason)
                )
                continue
            seen[subject] = sheet_price.row
            unknown = list(self._check_dimensions(sheet_price))
            if unknown:
                errors += unknown
                continue
            dimensions = Dimension._parse(sheet_price.dimensions)
            values = self._prepare_values(sheet_price, dimensions)
            if not any(error.row == sheet_price.row for error in errors):
                errors += self._check_sound(sheet_price, found, values)
            prices.append((found, values))
        return prices, errors

    def _find_products(self, names):
        """The services by what the file calls them: their internal reference, else
        their name; both may find several."""
        company = self.version_id.company_id
        candidates = self.env["product.product"].search(
            Domain("is_iaas", "=", True)
            & Domain("company_id", "in", [False, company.id])
            & (Domain("default_code", "in", names) | Domain("name", "in", names))
        )
        by_code = defaultdict(self.env["product.product"].browse)
        by_name = defaultdict(self.env["product.product"].browse)
        for product in candidates:
            by_code[product.default_code] += product
            by_name[product.name] += product
        return {name: by_code[name] or by_name[name] for name in names}

    def _product_obstacle(self, products, row):
        if not products:
            return self.env._("no service has this reference or name")
        if len(products) > 1:
            return self.env._(
                "several services are called so; give them internal references"
            )
        if row:
            return self.env._("the same service as in row %(row)s", row=row)
        return ""

    def _check_dimensions(self, sheet_price):
        for name, value in sheet_price.dimensions.items():
            try:
                self.env["iaas.price.dimension"]._parse({name: value})
            except UserError as error:
                yield SheetError(
                    sheet_price.row, dimension_column(name), value, str(error)
                )

    def _prepare_values(self, sheet_price, dimensions):
        tiers = [
            Command.create({"sequence": number, **tier})
            for number, tier in enumerate(sheet_price.tiers, start=1)
        ]
        return {
            **sheet_price.values,
            "dimension_value_ids": [Command.set(dimensions.ids)],
            "tier_ids": tiers,
        }

    def _check_sound(self, sheet_price, product, values):
        date_end = values.get("date_end")
        if date_end and date_end < self.version_id.date_start:
            yield SheetError(
                sheet_price.row,
                "date_end",
                fields.Date.to_string(date_end),
                self.env._("is before the first day of the version"),
            )
        try:
            self._new_price(product, values)._to_pricing()
        except ValueError as error:
            column = "charge_model"
            if sheet_price.tiers:
                column = "tier_up_to"
            yield SheetError(sheet_price.row, column, "", str(error))

    def _new_price(self, product, values):
        """The price as it would become, not stored."""
        return self.env["iaas.price"].new(
            {
                **values,
                "product_id": product.id,
                "company_id": self.version_id.company_id.id,
                "currency_id": self.version_id.currency_id.id,
            }
        )

    def _prepare_lines(self, prices):
        nothing = self.env["iaas.price"]
        products = self.env["product.product"].union(
            *(product for product, _values in prices)
        )
        current = self.version_id._get_predecessors(products)
        named = set()
        for product, values in prices:
            new = self._new_price(product, values)
            named.add(new._get_scope())
            old = current.get(new._get_scope(), nothing)
            kind, change = new._compare(old)
            yield {
                "product_id": product.id,
                "dimension_text": new.dimension_text,
                "kind": kind,
                "old_summary": old.summary,
                "new_summary": new.summary,
                "change_text": change,
            }
        if self.missing == "end":
            for price in self._get_missing(named):
                yield {
                    "product_id": price.product_id.id,
                    "dimension_text": price.dimension_text,
                    "kind": "ended",
                    "old_summary": price.summary,
                }

    def _get_missing(self, named):
        """The list prices of the subjects that the file does not name."""
        products = self.env["product.product"].search([("is_iaas", "=", True)])
        current = self.version_id._get_predecessors(products)
        return self.env["iaas.price"].union(
            *(price for subject, price in current.items() if subject not in named)
        )
