# One case of benchmarks/methods.py with PHEindicatormethods: case, CSV file, repetitions. Prints JSON.
suppressPackageStartupMessages({
  library(dplyr)
  library(PHEindicatormethods)
})
given <- commandArgs(trailingOnly = TRUE)
data <- read.csv(given[2])
repetitions <- as.integer(given[3])
levels <- c(0.95, 0.998)
by_area <- function(frame) group_by(frame, area_code)
calls <- list(
  dsr = function() calculate_dsr(by_area(data), x = numerator, n = denominator,
                                 stdpop = standard_population, confidence = levels),
  rate = function() phe_rate(by_area(data), numerator, denominator, confidence = levels),
  proportion = function() phe_proportion(by_area(data), numerator, denominator, confidence = levels),
  rate_rows = function() phe_rate(data, numerator, denominator, confidence = levels),
  proportion_rows = function() phe_proportion(data, numerator, denominator, confidence = levels),
  life_expectancy = function() phe_life_expectancy(by_area(data), deaths, population, band_start,
                                                   confidence = levels),
  sii = function() phe_sii(by_area(data), quantile = quantile, population = population, value = value,
                           se = standard_error, value_type = 0, multiplier = -1, rii = TRUE,
                           repetitions = repetitions, confidence = levels)
)
run <- calls[[given[1]]]
timed <- function() {
  used <- system.time(run())
  c(used[["elapsed"]], used[["user.self"]] + used[["sys.self"]])
}
gc(reset = TRUE) -> before
times <- matrix(timed(), nrow = 2)
after <- gc()
if (times[1, 1] < 2) times <- replicate(5, timed())
cat(sprintf('{"seconds": %.6f, "processor": %.6f, "megabytes": %.1f}\n', median(times[1, ]), median(times[2, ]),
            sum(after[, 6]) - sum(before[, 2])))
