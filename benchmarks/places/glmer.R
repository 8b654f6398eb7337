# The hierarchical model by lme4: a CSV file of strata, quadrature points (0 or 1), a CSV file to write, and
# 'quick' for another search than glmer's own.
# Prints JSON.
suppressPackageStartupMessages(library(lme4))
given <- commandArgs(trailingOnly = TRUE)
strata <- read.csv(given[1], colClasses = c(area_code = "character"))
strata$community <- interaction(strata$area_code, strata$ethnic_group, drop = TRUE)
strata$stratum <- seq_len(nrow(strata))
strata$imd <- as.numeric(scale(strata$imd_rank))
control <- glmerControl()
if (given[4] == "quick") control <- glmerControl(optimizer = "nloptwrap", calc.derivs = FALSE)
time <- system.time(model <- glmer(
  cbind(reached, eligible - reached) ~ imd + sex + age_band + ethnic_group +
    (1 | area_code) + (1 | community) + (1 | stratum),
  data = strata, family = binomial, nAGQ = as.integer(given[2]),
  control = control
))
spreads <- as.data.frame(VarCorr(model))
strata$fitted <- fitted(model)
strata$main <- predict(model, re.form = NA)
write.csv(strata, given[3], row.names = FALSE)
of <- function(name) spreads$sdcor[spreads$grp == name]
cat(sprintf('{"area": %.6f, "community": %.6f, "stratum": %.6f, "seconds": %.4f, "processor": %.4f}\n',
            of("area_code"), of("community"), of("stratum"), time[["elapsed"]],
            time[["user.self"]] + time[["sys.self"]]))
